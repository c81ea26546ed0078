import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { launch } from '../../bin/browser.ts';
import { callOf, leadId, leadOf, summaryOf } from './people.ts';
import { freshScript, raiseStage, type Script, type Stage } from './stage.ts';
import { axeFindings, overhang, visit } from './visit.ts';

let browser: Browser;
let stage: Stage;
beforeAll(async () => { [browser, stage] = await Promise.all([launch(), raiseStage({ simulated: true })]); });
afterAll(async () => { await browser.close(); await stage.close(); });
beforeEach(() => { stage.script = freshScript(); });

const sizes = [{ width: 390, height: 844 }, { width: 1280, height: 860 }];
const looks = sizes.flatMap((viewport) => (['light', 'dark'] as const).map((colorScheme) => ({ viewport, colorScheme, name: `${viewport.width} px, ${colorScheme}` })));

const inOrder = async (page: Page, state: string): Promise<void> => {
  expect({ state, findings: await axeFindings(page) }).toEqual({ state, findings: [] });
  expect({ state, overhang: await overhang(page) }).toEqual({ state, overhang: 0 });
};

const states: [string, Script['progress']][] = [
  ['You are talking', { status: 'in-call', callStatus: 'in-progress', dueAt: null, reason: null }],
  ['We will call you again', { status: 'scheduled', callStatus: 'busy', dueAt: '2099-06-03T07:00:00Z', reason: 'Busy lines are called again after 5 minutes' }],
  ['We have talked', { status: 'reached', callStatus: 'completed', dueAt: null, reason: null }],
];

describe.each(looks)('at $name, axe finds nothing and nothing hangs over the edge', ({ viewport, colorScheme }) => {
  const options = { viewport, colorScheme, reducedMotion: 'reduce' as const };

  it('on the enquiry page in each of its states', async () => {
    const { page, faults, leave } = await visit(browser, stage.url, options);
    await page.getByText('phone network on your desk').waitFor();
    await inOrder(page, 'empty form');
    await page.getByRole('button', { name: 'Call me' }).click();
    await inOrder(page, 'form with faults');
    await page.getByLabel('Phone number').fill('+14155550100');
    await page.getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Call me' }).click();
    await page.getByText('We have your enquiry.').waitFor();
    for (const [headline, progress] of states) {
      stage.script.progress = progress;
      await page.reload();
      await page.getByText(headline).waitFor();
      await inOrder(page, headline);
    }
    expect(faults).toEqual([]);
    await leave();
  });

  it('on the console in each of its states', async () => {
    stage.script.leads = [
      summaryOf(1, { status: 'in-call', disposition: null, name: 'Maximiliane von Hohenstein-Schwarzenberg-Oberunterstadt' }),
      ...(['new', 'scheduled', 'dialling', 'reached', 'unreachable', 'refused', 'do-not-call'] as const).map((status, index) => summaryOf(index + 2, {
        status, interest: index % 2 ? null : 'x'.repeat(200), disposition: status === 'do-not-call' ? 'do-not-call' : 'unknown', lastEvent: { at: '2026-06-03T09:30:00Z', event: 'ringing', detail: null },
      })),
    ];
    stage.script.lead[leadId(1)] = leadOf(1, { calls: [callOf(1), callOf(2, { status: 'in-progress', endReason: null, transcript: [] })] });
    const { page, faults, leave } = await visit(browser, `${stage.url}/console`, options, /status of 401/);
    await inOrder(page, 'door');
    await page.getByLabel('Admin token').fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('not accepted').waitFor();
    await inOrder(page, 'door, wrong token');
    await page.getByLabel('Admin token').fill(stage.script.token);
    await page.keyboard.press('Enter');
    const first = page.getByRole('link', { name: /Maximiliane/ });
    await first.waitFor();
    await inOrder(page, 'list');
    await first.focus();
    await page.keyboard.press('Enter');
    await page.getByText('Yes, please go on.').waitFor();
    await page.getByText('Decision: allowed').click();
    await inOrder(page, 'lead');
    await page.getByRole('button', { name: 'End call' }).click();
    await inOrder(page, 'confirmation');
    await page.keyboard.press('Escape');
    expect(faults).toEqual([]);
    await leave();
  });
});
