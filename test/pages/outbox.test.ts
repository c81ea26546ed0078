import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { launch } from '../../bin/browser.ts';
import { ADMIN_TOKEN, openDoors } from '#doubles/front-doors.ts';
import { leadIdNumber } from '#doubles/records.ts';
import { outboxReceiver } from '#local/desk/outbox-receiver.ts';
import { startGateway } from '#local/gateway/server.ts';
import { httpEndpoint } from '#outbox/endpoint.ts';
import { newMessage, type OutboxMessage } from '#outbox/message.ts';
import { buildSite } from '../../web/build.ts';
import { axeFindings, overhang, visit, type Visit } from './visit.ts';

const secret = `whsec_${Buffer.alloc(32, 4).toString('base64')}`;
let browser: Browser;
let site: string;
beforeAll(async () => {
  site = await mkdtemp(join(tmpdir(), 'outbox-page-'));
  [browser] = await Promise.all([launch(), buildSite(site)]);
});
afterAll(async () => { await browser.close(); await rm(site, { recursive: true }); });

/** The page over the real API, an outbox in memory and the desk's own receiver. */
const desk = async ({ withReceiver = true } = {}) => {
  const doors = openDoors();
  const receiver = outboxReceiver({ secret, adminToken: ADMIN_TOKEN });
  const gateway = await startGateway({
    port: 0, site: { directory: site }, routes: [{ method: 'ANY', path: '/api/{proxy+}', name: 'api', handler: doors.api }, ...(withReceiver ? receiver.routes : [])],
  });
  onTestFinished(gateway.stop);
  const { outbox } = doors.world.stores;
  return {
    outbox,
    put: async (n: number, more: Partial<OutboxMessage> = {}): Promise<OutboxMessage> => {
      const at = `2026-11-21T11:59:${String(n).padStart(2, '0')}.000Z`;
      const message = { ...newMessage(leadIdNumber(n), 2, { occurredAt: at, status: 'unreachable', disposition: 'unreachable', erased: false }, at), ...more };
      await outbox.add(message);
      return message;
    },
    deliver: (id: string) => httpEndpoint({ url: `${gateway.url}/outbox-receiver`, secret }).post(id, JSON.stringify({ type: 'lead.outcome', erased: false, lead: { leadId: 'lead_1' } }), new Date()),
    enter: async (expected: RegExp | null = null): Promise<Visit> => {
      const visited = await visit(browser, `${gateway.url}/outbox`, {}, expected);
      await visited.page.getByLabel('Admin token').fill(ADMIN_TOKEN);
      await visited.page.getByRole('button', { name: 'Open' }).click();
      await visited.page.getByText('Live', { exact: true }).waitFor();
      return visited;
    },
  };
};

describe('the outbox page', () => {
  it('shows what waits, what went and what was given up, and why', async () => {
    const { put, enter } = await desk();
    await put(1, { state: 'delivered', nextAt: null, tries: 1, deliveredAt: '2026-11-21T12:00:00.000Z' });
    await put(2, { state: 'dead', nextAt: null, tries: 3, reason: 'The endpoint answered 410: it is gone for good and wants no more messages.' });
    await put(3, { status: 'reached', disposition: 'interested' });
    const { page, leave } = await enter();
    expect(await page.locator('#rows tr').allInnerTexts()).toEqual([
      expect.stringMatching(/pending\s+reached\s+interested[^]*not tried yet/) as string, expect.stringMatching(/dead[^]*3 tries The endpoint answered 410/) as string, expect.stringMatching(/delivered[^]*1 try/) as string,
    ]);
    await page.getByLabel('State').selectOption('dead');
    await expect.poll(() => page.locator('#rows tr').count()).toBe(1);
    await page.getByLabel('State').selectOption('held');
    await page.getByText('No outcome is in this state.').waitFor();
    await leave();
  });

  it('can be read by everybody, wide or narrow, light or dark', async () => {
    const { put, enter, deliver } = await desk();
    await put(2, { state: 'dead', nextAt: null, tries: 3, reason: 'The endpoint answered 302, a redirect. Redirects are not followed: give OUTBOX_URL the final address.' });
    await put(3, { state: 'held', nextAt: null, erased: true });
    await deliver('msg_1');
    const { page, leave, faults } = await enter();
    await page.getByText('signature right').waitFor();
    for (const [width, colorScheme] of [[1280, 'light'], [390, 'dark']] as const) {
      await page.setViewportSize({ width, height: 860 });
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      expect([await overhang(page), await axeFindings(page)]).toEqual([0, []]);
    }
    expect(faults).toEqual([]);
    await leave();
  });

  it('sends one again at the press of a button', async () => {
    const { put, enter, outbox } = await desk();
    const { id } = await put(2, { state: 'dead', nextAt: null, tries: 3, reason: 'The endpoint answered 410.' });
    const { page, leave } = await enter();
    await page.getByRole('button', { name: `Replay ${id}` }).click();
    await page.getByText('replayed once').waitFor();
    expect(await outbox.message(id)).toMatchObject({ state: 'pending', replays: 1 });
    await leave();
  });

  it('shows what the receiver of this machine got, and lets it misbehave', async () => {
    const { deliver, enter } = await desk();
    const { page, leave } = await enter();
    await page.getByText('Nothing has been delivered here since the start.').waitFor();
    expect(await deliver('msg_1')).toMatchObject({ status: 200 });
    await page.getByText('signature right, answered 200').waitFor();
    await page.getByLabel('It answers').selectOption('500');
    await expect.poll(async () => ((await deliver('msg_1')) as { status?: number }).status).toBe(500);
    await page.getByText('signature right, had before, answered 500').first().waitFor();
    await page.getByText('What was sent').first().click();
    await page.getByText('"type": "lead.outcome"').first().waitFor();
    await leave();
  });

  it('has no receiver to show where there is none', async () => {
    const { enter } = await desk({ withReceiver: false });
    const { page, leave } = await enter(/status of 404/);
    await page.getByText('Nothing yet.').waitFor();
    expect(await page.locator('#receiver').isVisible()).toBe(false);
    await leave();
  });
});
