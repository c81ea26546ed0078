import { readFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch } from '../../bin/browser.ts';
import { attemptIdOf, readAttemptId } from '#calls/lead.ts';
import { leadIdNumber, PHONE, sidNumber } from '#doubles/records.ts';
import type { WorldOptions } from '#doubles/world.ts';
import { buildSite } from '../../web/build.ts';
import { inDialog, noticeOf, openDesk, press, type Desk } from './desk.ts';
import { focusedId } from './visit.ts';

let browser: Browser;
let site: string;
beforeAll(async () => {
  site = await mkdtemp(join(tmpdir(), 'console-lead-'));
  [browser] = await Promise.all([launch(), buildSite(site)]);
});
afterAll(async () => { await browser.close(); await rm(site, { recursive: true }); });

const lead = leadIdNumber(1);
const [first, second] = [attemptIdOf(lead, 1), attemptIdOf(lead, 2)];
const place = `#/leads/${lead}`;
const ringing = async (options: WorldOptions = {}): Promise<Desk> => {
  const desk = await openDesk(browser, site, options);
  await desk.world.enquire();
  await desk.world.dialAll();
  return desk;
};
/** Nobody answered: the plan has another attempt in half an hour. */
const unanswered = async (options: WorldOptions = {}): Promise<Desk> => {
  const desk = await ringing(options);
  await desk.world.status(first, sidNumber(1), 'no-answer', 1);
  return desk;
};

describe('what a reader does to a lead', () => {
  it('calls again now, once however often they press', async () => {
    const { world, asked, hold, enter } = await unanswered();
    const { page, faults, leave } = await enter(place);
    const letGo = hold();
    const again = page.getByRole('button', { name: 'Call again now' });
    await again.click();
    await again.click();
    letGo();
    await noticeOf(page, 'The call is on its way.');
    expect(asked).toEqual([`POST /api/leads/${lead}/retry`]);
    await page.locator('#lead').getByText('ready', { exact: true }).waitFor();
    // It is under way: the button is gone, and with it the way to ask for what would be refused.
    expect(await again.count()).toBe(0);
    expect(await focusedId(page)).toBe('detail');
    await world.dialAll();
    expect(world.twilio.orders.map(({ attemptId }) => attemptId)).toEqual([first, second]);
    expect(faults).toEqual([]);
    await leave();
  });

  it('is told when a call is planned instead, and why', async () => {
    const { world, enter } = await unanswered({ policy: { frequency: { burst: { calls: 1, minutes: 60 } } } });
    const { page, leave } = await enter(place);
    await press(page, 'Call again now');
    await noticeOf(page, /^Not now\. Planned for Saturday,? 21 November( 2026)? at 13:00 for them, .* at 14:00 for you\. This number was called as often/);
    expect((await world.view(lead)).attempts).toMatchObject([{}, { state: 'scheduled', decision: { code: 'too-often' } }]);
    await leave();
  });

  it('reads the server’s own words when a call is refused', async () => {
    const { world, enter } = await unanswered();
    const { page, leave } = await enter(place, /status of 422/);
    await page.getByRole('button', { name: 'Call again now' }).waitFor();
    // Somebody else, a moment before the page knows of it.
    await page.route(`**/api/leads/${lead}`, (route) => route.abort());
    await world.stores.suppressions.suppress({ phone: PHONE, reason: 'crm', at: world.clock.iso(), note: null });
    await press(page, 'Call again now');
    await noticeOf(page, 'They are not called now. The CRM says not to call this number.');
    await press(page, 'Dismiss');
    expect(await page.locator('#notices').isVisible()).toBe(false);
    await leave();
  });

  it('puts the number on the list of those that are not called, and takes it off', async () => {
    const { world, asked, enter } = await unanswered();
    const { page, faults, leave } = await enter(place);
    await press(page, 'Do not call');
    await inDialog(page, 'what is planned is cancelled');
    expect(await page.evaluate<string>('document.activeElement.textContent')).toBe('Leave it');
    await page.keyboard.press('Enter');
    await press(page, 'Do not call');
    await page.getByRole('dialog').getByRole('button', { name: 'Do not call' }).click();
    await noticeOf(page, 'The number is on the list');
    await page.locator('#lead').getByText(', because somebody put it on the list in the console.').waitFor();
    expect(await page.getByRole('button', { name: 'Call again now' }).count()).toBe(0);
    expect((await world.view(lead)).attempts).toMatchObject([{}, { state: 'cancelled' }]);
    expect(await world.stores.suppressions.suppression(PHONE)).toMatchObject({ reason: 'console' });

    await press(page, 'Take off the list');
    await inDialog(page, 'What was cancelled is not planned again by itself.');
    await press(page, 'Take it off');
    await noticeOf(page, 'The number is off the list.');
    await page.getByRole('button', { name: 'Call again now' }).waitFor();
    expect(asked).toEqual([`POST /api/leads/${lead}/suppress`, `DELETE /api/suppressions?phone=${encodeURIComponent(PHONE)}`]);
    expect(faults).toEqual([]);
    await leave();
  });

  it('cannot call who opted out on a call of this enquiry, also when the number is off the list', async () => {
    const { world, enter } = await unanswered();
    await world.event(readAttemptId(first)!.callId, { kind: 'opt-out', at: world.clock.iso(), by: 'key-9' });
    const { page, leave } = await enter(place);
    await press(page, 'Take off the list');
    await inDialog(page, 'They said themselves that they want no more calls.');
    await press(page, 'Take it off');
    await page.getByRole('button', { name: 'Do not call' }).waitFor();
    expect(await page.getByRole('button', { name: 'Call again now' }).count()).toBe(0);
    await leave();
  });

  it('erases it once the word is typed, and is told what went', async () => {
    const { world, asked, enter } = await ringing();
    await world.status(first, sidNumber(1), 'in-progress', 1);
    const { page, faults, leave } = await enter(place);
    await press(page, 'Erase…');
    for (const line of ['This cannot be undone.', 'the words of the consent', 'the call that is live: it is ended', 'The CRM is told to forget the lead']) await inDialog(page, line);
    await press(page, 'Erase');
    await inDialog(page, 'Type “erase”, or keep it.');
    expect(await focusedId(page)).toBe('erase-word');
    await page.keyboard.press('Escape');
    expect(asked).toEqual([]);
    await press(page, 'Erase…');
    await page.getByLabel('Type “erase” to go on').fill('Erase');
    await page.keyboard.press('Enter');
    await noticeOf(page, 'Erased: 1 lead, 1 call, 0 turns of transcript, 0 recordings. 1 live call was ended.');
    expect(await page.locator('#lead').textContent()).toBe('');
    await page.getByText('No leads yet.').waitFor({ state: 'attached' });
    expect(world.twilio.hungUp).toEqual([sidNumber(1)]);
    expect(world.stores.dump()).not.toContain(PHONE);
    expect(faults).toEqual([]);
    await leave();
  });

  it('saves all that is kept about the person as a file', async () => {
    const { enter } = await unanswered();
    const { page, faults, leave } = await enter(place);
    const [download] = await Promise.all([page.waitForEvent('download'), press(page, 'Export')]);
    expect(download.suggestedFilename()).toBe(`ringback-export-${lead}.json`);
    expect(JSON.parse(await readFile(await download.path(), 'utf8'))).toMatchObject({ phone: PHONE, leads: [{ leadId: lead, consent: { ip: '203.0.113.7' } }] });
    await noticeOf(page, 'was saved as a file');
    expect(faults).toEqual([]);
    await leave();
  });

  it('moves a planned attempt, on either clock, and is told what time it became', async () => {
    const { world, asked, enter } = await unanswered();
    const { page, leave } = await enter(place, /status of 400/);
    await press(page, 'Move to… (attempt 2)');
    const time = page.getByLabel('Day and time');
    expect(await time.inputValue()).toBe('2026-11-21T12:30');
    await inDialog(page, /^For them, Saturday,? 21 November( 2026)? at 12:30; for you, .* at 13:30\.$/);
    await time.fill('');
    await press(page, 'Move it');
    await inDialog(page, 'Enter a day and a time.');
    await time.fill('2026-03-29T01:30');
    await press(page, 'Move it');
    await inDialog(page, 'There is no such time on that day');
    expect(asked).toEqual([]);
    await time.fill('2026-11-20T10:00');
    await press(page, 'Move it');
    await inDialog(page, 'The time must be a time to come; to call now, ask for a retry of the lead.');
    expect(await time.getAttribute('aria-invalid')).toBe('true');

    await page.getByLabel('On whose clock').selectOption('Europe/Berlin');
    await time.fill('2026-11-21T16:00');
    expect(await time.getAttribute('aria-invalid')).toBeNull();
    await press(page, 'Move it');
    await noticeOf(page, /^Planned for Saturday,? 21 November( 2026)? at 15:00 for them, .* at 16:00 for you\.$/);
    expect((await world.view(lead)).attempts[1]).toMatchObject({ state: 'scheduled', dueAt: '2026-11-21T15:00:00.000Z' });

    // Outside their hours: the first moment after it, and the reason for it.
    await press(page, 'Move to… (attempt 2)');
    await time.fill('2026-11-21T23:00');
    await press(page, 'Move it');
    await noticeOf(page, /^Planned for Sunday,? 22 November( 2026)? at 09:00 for them, .* It is outside calling hours where the phone is/);
    expect(world.schedules.get(second)).toBe('2026-11-22T09:00:00.000Z');
    await leave();
  });

  it('cancels a planned attempt, or is told that it was dialled', async () => {
    const { world, enter } = await unanswered();
    const { page, leave } = await enter(place, /status of 422|ERR_FAILED/);
    await press(page, 'Cancel attempt 2');
    await press(page, 'Keep it');
    expect(await page.evaluate<string>('document.activeElement.getAttribute("aria-label")')).toBe('Cancel attempt 2');
    await press(page, 'Cancel attempt 2');
    // The dialer is faster than the reader.
    world.clock.forward(30 * 60_000);
    await world.dialAll();
    await press(page, 'Cancel the attempt');
    await inDialog(page, 'The attempt was not cancelled. This attempt was dialled already. If its call is live, end the call instead.');
    await press(page, 'Keep it');
    await world.status(second, sidNumber(2), 'busy', 1);
    await press(page, 'Cancel attempt 3');
    await press(page, 'Cancel the attempt');
    await noticeOf(page, 'Attempt 3 is cancelled.');
    await page.locator('#lead').getByText('Cancelled by a person.').waitFor();
    expect(await page.getByRole('button', { name: /^(Cancel|Move)/ }).count()).toBe(0);
    await leave();
  });

  it('sends nothing twice from a dialog, and keeps it open until the answer is there', async () => {
    const { asked, hold, enter } = await ringing();
    const { page, leave } = await enter(place);
    await press(page, 'End call');
    const letGo = hold();
    await press(page, 'End the call');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    await press(page, 'Keep talking');
    expect(await page.getByRole('dialog').isVisible()).toBe(true);
    letGo();
    await noticeOf(page, 'The call is being ended.');
    expect(asked).toEqual([`POST /api/calls/${readAttemptId(first)!.callId}/end`]);
    await leave();
  });

  it('is told in the dialog when the carrier cannot be reached', async () => {
    const { world, enter } = await ringing();
    world.twilio.down(true);
    const { page, leave } = await enter(place, /status of 503/);
    await press(page, 'End call');
    await press(page, 'End the call');
    await inDialog(page, 'The call was not ended. twilio did not answer as it should. Try again. Please try again in 5 seconds.');
    expect(await page.getByRole('dialog').getByRole('button', { name: 'End the call' }).isEnabled()).toBe(true);
    await leave();
  });

  it('does not know what became of it when the line to the server breaks', async () => {
    const { asked, enter } = await unanswered();
    const { page, leave } = await enter(place, /ERR_/);
    await press(page, 'Do not call');
    await page.route('**/suppress', (route) => route.abort());
    await page.getByRole('dialog').getByRole('button', { name: 'Do not call' }).click();
    await inDialog(page, 'We could not reach the server, and do not know whether the number is on the list. See below.');
    await page.unroute('**/suppress');
    await page.getByRole('dialog').getByRole('button', { name: 'Do not call' }).click();
    await noticeOf(page, 'The number is on the list');
    expect(asked).toEqual([`POST /api/leads/${lead}/suppress`]);
    await leave();
  });
});
