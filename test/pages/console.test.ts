import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { launch } from '../../bin/browser.ts';
import { callOf, leadId, leadOf, summaryOf, talk } from './people.ts';
import { freshScript, problem, raiseStage, type Stage } from './stage.ts';
import { focusedId, visit, type Visit } from './visit.ts';

let browser: Browser;
let stage: Stage;
beforeAll(async () => { [browser, stage] = await Promise.all([launch(), raiseStage()]); });
afterAll(async () => { await browser.close(); await stage.close(); });
beforeEach(() => { stage.script = freshScript(); stage.received.length = 0; });

const knock = async (page: Page, token: string): Promise<void> => {
  await page.getByLabel('Admin token').fill(token);
  await page.getByRole('button', { name: 'Open' }).click();
};
const enter = async (expected: RegExp | null = null, hash = ''): Promise<Visit> => {
  const visited = await visit(browser, `${stage.url}/console${hash}`, {}, expected);
  await knock(visited.page, stage.script.token);
  await visited.page.getByText('Live', { exact: true }).waitFor();
  return visited;
};
const live = () => callOf(1, { status: 'in-progress', endReason: null, endedAt: null, durationSeconds: null });

describe('the console', () => {
  it('lets nobody in with a wrong token, and says so', async () => {
    const { page, leave } = await visit(browser, `${stage.url}/console`, {}, /status of 401/);
    await knock(page, 'wrong');
    await page.getByRole('alert').getByText('This token was not accepted.').waitFor();
    expect(await page.locator('#board').isVisible()).toBe(false);
    expect(await focusedId(page)).toBe('token');
    await knock(page, 'no such wörd');
    await page.getByRole('alert').getByText('This token was not accepted.').waitFor();
    await knock(page, stage.script.token);
    await page.getByText('No leads yet.').waitFor();
    await leave();
  });

  it('stays open over a reload, and shuts when the token is no longer good or the reader signs out', async () => {
    const { page, leave } = await enter(/status of 401/);
    await page.reload();
    await page.getByText('No leads yet.').waitFor();
    stage.script.token = 'changed';
    await page.getByRole('alert').getByText('This token was not accepted.').waitFor();
    await knock(page, 'changed');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.reload();
    await page.getByLabel('Admin token').waitFor();
    expect(await page.locator('#board').isVisible()).toBe(false);
    await leave();
  });

  it('shows leads as they come and change, without touching what has not changed', async () => {
    stage.script.leads = [summaryOf(1, { status: 'dialling', disposition: null })];
    const { page, faults, leave } = await enter();
    await page.getByRole('cell', { name: 'dialling' }).waitFor();
    await page.getByRole('button', { name: 'Reveal the number' }).click();
    await page.getByText('+14155550001').waitFor();
    stage.script.leads = [summaryOf(2, { status: 'new' }), summaryOf(1)];
    await page.getByRole('row', { name: /reached/ }).waitFor();
    // The number that was asked for stays shown, the new one is hidden, and the focus is where it was.
    await page.getByText('+14155550001').waitFor();
    await page.getByText('+14•••••••02').waitFor();
    expect(await page.evaluate<string>('document.activeElement.getAttribute("aria-label")')).toBe('Hide the number');
    expect(await page.locator('tbody tr').first().textContent()).toContain('Visitor 2');
    expect(faults).toEqual([]);
    await leave();
  });

  it('writes what visitors typed as text', async () => {
    stage.script.leads = [summaryOf(1, { name: '<img src=x onerror=alert(1)>', interest: '<script>alert(2)</script>' })];
    const { page, faults, leave } = await enter();
    await page.getByRole('link', { name: '<img src=x onerror=alert(1)>' }).waitFor();
    expect(await page.locator('tbody img, tbody script').count()).toBe(0);
    expect(faults).toEqual([]);
    await leave();
  });

  it('filters by status and turns pages', async () => {
    stage.script.pageSize = 2;
    stage.script.leads = [1, 2, 3, 4, 5].map((number) => summaryOf(number, number === 4 ? { status: 'refused' } : {}));
    const { page, leave } = await enter();
    await page.getByRole('link', { name: 'Visitor 1' }).waitFor();
    await page.getByRole('button', { name: 'Older' }).click();
    await page.getByRole('link', { name: 'Visitor 3' }).waitFor();
    await page.getByRole('button', { name: 'Older' }).click();
    await page.getByRole('link', { name: 'Visitor 5' }).waitFor();
    expect(await page.getByRole('button', { name: 'Older' }).isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'Newer' }).click();
    await page.getByRole('link', { name: 'Visitor 3' }).waitFor();
    await page.getByLabel('Status').selectOption('refused');
    await page.getByRole('link', { name: 'Visitor 4' }).waitFor();
    await page.getByText('Page 1').waitFor();
    expect(await page.locator('tbody tr').count()).toBe(1);
    await page.getByLabel('Status').selectOption('scheduled');
    await page.getByText('No lead has this status.').waitFor();
    await leave();
  });

  it('shows a lead with its consent, attempts, calls, speed, transcript and timeline', async () => {
    stage.script.leads = [summaryOf(1)];
    stage.script.lead[leadId(1)] = leadOf(1);
    const { page, faults, leave } = await enter();
    await page.getByRole('link', { name: 'Visitor 1' }).click();
    const lead = page.locator('#lead');
    for (const text of ['Wants to know the price', 'agent-ended', '1 min 05 s', '640 ms', '810 ms', '1.2 s of 3', 'America/Los_Angeles', 'twilio, due', '203.0.113.7', 'Agreeing is not a condition', 'call completed']) {
      await lead.getByText(text).first().waitFor();
    }
    await lead.getByText('Decision: allowed').click();
    await lead.getByText('Consent given, within calling hours.').waitFor();
    expect(await lead.locator('.turn .said').allTextContents()).toEqual(talk.map(({ text }) => text));
    expect(page.url()).toContain(`#/leads/${leadId(1)}`);
    await page.goBack();
    await page.waitForURL(/console$/);
    expect(await page.locator('#detail').isVisible()).toBe(false);
    expect(faults).toEqual([]);
    await leave();
  });

  it('adds each turn to the transcript as it is said', async () => {
    stage.script.lead[leadId(1)] = leadOf(1, { status: 'in-call', calls: [{ ...live(), transcript: talk.slice(0, 1) }] });
    const { page, leave } = await enter(null, `#/leads/${leadId(1)}`);
    const log = page.getByRole('log');
    await log.getByText('Is now a good time?').waitFor();
    // Marked, to see that the log and its first turn are still the same elements afterwards.
    await page.evaluate('document.querySelector("[role=log]").dataset.mark = document.querySelector(".turn").dataset.mark = "same"');
    stage.script.lead[leadId(1)] = leadOf(1, { status: 'in-call', calls: [{ ...live(), transcript: talk.slice(0, 3) }] });
    await log.getByText('Shall I arrange a visit?').waitFor();
    expect(await page.locator('[role=log][data-mark=same] .turn').count()).toBe(3);
    expect(await page.locator('.turn[data-mark=same]').count()).toBe(1);
    await leave();
  });

  it('ends a live call, once the reader has confirmed it', async () => {
    stage.script.lead[leadId(1)] = leadOf(1, { calls: [live()] });
    const { page, leave } = await enter(null, `#/leads/${leadId(1)}`);
    const ended = () => stage.received.filter(({ path }) => path.endsWith('/end'));
    await page.getByRole('button', { name: 'End call' }).click();
    await page.getByRole('button', { name: 'Keep talking' }).click();
    await page.getByRole('button', { name: 'End call' }).click();
    await page.keyboard.press('Escape');
    expect(ended()).toEqual([]);
    await page.getByRole('button', { name: 'End call' }).click();
    const answered = page.waitForResponse('**/end');
    await page.getByRole('button', { name: 'End the call' }).click();
    await answered;
    expect(ended().map(({ path }) => path)).toEqual([`POST /api/calls/${live().callId}/end`]);
    stage.script.lead[leadId(1)] = leadOf(1);
    await page.getByText('completed', { exact: true }).waitFor();
    expect(await page.getByRole('button', { name: 'End call' }).count()).toBe(0);
    await leave();
  });

  it('says why a call could not be ended', async () => {
    stage.script.lead[leadId(1)] = leadOf(1, { calls: [live()] });
    stage.script.endCall = problem(409, 'call-over', 'This call is over already.');
    const { page, leave } = await enter(/status of 409/, `#/leads/${leadId(1)}`);
    await page.getByRole('button', { name: 'End call' }).click();
    await page.getByRole('button', { name: 'End the call' }).click();
    await page.getByRole('alert').getByText('The call was not ended. This call is over already.').waitFor();
    expect(await page.getByRole('button', { name: 'End call' }).isEnabled()).toBe(true);
    await leave();
  });

  it('says that there is no such lead', async () => {
    const { page, leave } = await enter(/status of 404/, '#/leads/lead_GONE');
    await page.getByRole('alert').getByText('There is no such lead').waitFor();
    expect(await page.locator('#lead').textContent()).toBe('');
    await leave();
  });
});
