import { readFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch } from '../../bin/browser.ts';
import { leadIdNumber, PHONE } from '#doubles/records.ts';
import { buildSite } from '../../web/build.ts';
import { inDialog, noticeOf, openDesk, press } from './desk.ts';
import { focusedId } from './visit.ts';

let browser: Browser;
let site: string;
beforeAll(async () => {
  site = await mkdtemp(join(tmpdir(), 'console-views-'));
  [browser] = await Promise.all([launch(), buildSite(site)]);
});
afterAll(async () => { await browser.close(); await rm(site, { recursive: true }); });

const other = '+442079460019';

describe('the dialling switch', () => {
  it('is turned off and on again, and says what that means, since when and by whom', async () => {
    const { world, asked, enter } = await openDesk(browser, site);
    const { page, faults, leave } = await enter();
    const head = page.locator('#dialling');
    await head.getByText('Dialling is on').waitFor();
    await press(page, 'Turn dialling off');
    await inDialog(page, 'Calls that come due are put off, not lost');
    await press(page, 'Leave it on');
    expect([asked, await focusedId(page)]).toEqual([[], 'dialling-turn']);
    await press(page, 'Turn dialling off');
    await press(page, 'Turn it off');
    await noticeOf(page, 'Dialling is off. Nobody is called until it is turned on again.');
    await head.getByText(/^since 21 Nov, 13:00, by the admin token$/).waitFor();
    await world.enquire();
    await world.dialAll();
    expect(world.twilio.rung).toEqual([]);
    await press(page, 'Turn dialling on');
    await press(page, 'Turn it on');
    await noticeOf(page, 'Dialling is on. 1 attempt that was put off goes to the dialer now.');
    await world.dialAll();
    expect(world.twilio.rung).toHaveLength(1);
    expect(faults).toEqual([]);
    await leave();
  });

  it('follows what another reader turns', async () => {
    const { world, enter } = await openDesk(browser, site);
    const { page, leave } = await enter();
    await page.getByText('Dialling is on').waitFor();
    await world.stores.switches.setDialling({ dialling: false, at: world.clock.iso(), by: 'user:f3b1' });
    await page.getByText('Dialling is off').waitFor();
    expect(await page.locator('#dialling').innerText()).toContain('by user f3b1');
    expect(await page.getByRole('button', { name: 'Turn dialling on' }).isVisible()).toBe(true);
    await leave();
  });

  it('has no say while the policy says no', async () => {
    const { enter } = await openDesk(browser, site, { policy: { killSwitch: true } });
    const { page, leave } = await enter();
    await page.getByText('by the policy document').waitFor();
    expect(await page.locator('#dialling-turn').isVisible()).toBe(false);
    await leave();
  });
});

describe('the numbers that are not called', () => {
  it('are listed; one is added with its reason, and taken off again', async () => {
    const { world, asked, enter } = await openDesk(browser, site);
    const { page, leave } = await enter('#/suppressions', /status of 400/);
    await page.getByText('No number is on the list.').waitFor();
    await press(page, 'Do not call this number');
    await page.getByText('Enter the number.').waitFor();
    expect(asked).toEqual([]);
    const number = page.getByRole('textbox', { name: 'Number' });
    await number.fill('12');
    await page.keyboard.press('Enter');
    await page.getByText('The number must begin with + and the country code').waitFor();
    expect([await focusedId(page), await number.getAttribute('aria-invalid')]).toEqual(['suppress-phone', 'true']);
    await number.fill('+44 20 7946 0019');
    await page.getByRole('textbox', { name: 'Why' }).fill('asked by letter');
    await page.keyboard.press('Enter');
    await noticeOf(page, /^\+44••••••••19 is on the list: console, since/);
    expect(await world.stores.suppressions.suppression(other)).toMatchObject({ reason: 'console', note: 'asked by letter' });
    const row = page.getByRole('row', { name: /asked by letter/ });
    await row.getByRole('button', { name: 'Reveal the number' }).click();
    await row.getByText(other).waitFor();

    await row.getByRole('button', { name: /^Take off/ }).click();
    await press(page, 'Leave it there');
    await row.getByRole('button', { name: /^Take off/ }).click();
    await press(page, 'Take it off');
    await noticeOf(page, '+44••••••••19 is off the list.');
    await page.getByText('No number is on the list.').waitFor();
    expect([await world.stores.suppressions.suppression(other), await focusedId(page)]).toEqual([undefined, 'suppressions']);
    await leave();
  });

  it('keep their first reason, and say so', async () => {
    const { world, enter } = await openDesk(browser, site);
    await world.stores.suppressions.suppress({ phone: other, reason: 'opt-out', at: world.clock.iso(), note: null });
    const { page, leave } = await enter('#/suppressions');
    await page.getByRole('textbox', { name: 'Number' }).fill(other);
    await press(page, 'Do not call this number');
    await noticeOf(page, /is on the list: opt-out, since 21 Nov/);
    expect(await world.stores.suppressions.suppression(other)).toMatchObject({ reason: 'opt-out' });
    await leave();
  });

  it('show an erased one as a pseudonym, which only its number takes off', async () => {
    const { world, enter } = await openDesk(browser, site);
    await world.enquire({ phone: other });
    await world.stores.suppressions.suppress({ phone: other, reason: 'crm', at: world.clock.iso(), note: 'Ada asked' });
    const { page, leave } = await enter('#/person', /status of 400/);
    await page.getByRole('textbox', { name: 'Number' }).fill(other);
    await press(page, 'Erase…');
    await page.getByLabel('Type “erase” to go on').fill('erase');
    await press(page, 'Erase');
    await noticeOf(page, /^Erased: 1 lead/);
    await page.getByRole('link', { name: 'Suppressions' }).click();
    const entry = page.getByRole('row', { name: /erased number [0-9a-f]{4}/ });
    await entry.waitFor();
    expect(await page.locator('#suppression-rows').textContent()).not.toMatch(/Ada|\+44/);
    await entry.getByRole('button').click();
    const number = page.getByRole('dialog').getByLabel('The number');
    await number.fill('x');
    await press(page, 'Take it off');
    await inDialog(page, 'The number must be written in digits');
    await number.fill(PHONE);
    await press(page, 'Take it off');
    await noticeOf(page, 'If the entry is still there, it is another number’s.');
    await entry.getByRole('button').click();
    await number.fill(other);
    await press(page, 'Take it off');
    await page.getByText('No number is on the list.').waitFor();
    await leave();
  });

  it('come page by page', async () => {
    const { world, enter } = await openDesk(browser, site);
    for (let n = 0; n < 51; n += 1) await world.stores.suppressions.suppress({ phone: `+4420794601${String(n).padStart(2, '0')}`, reason: 'api', at: new Date(Date.parse(world.clock.iso()) + n * 1000).toISOString(), note: `no. ${n}` });
    const { page, leave } = await enter('#/suppressions');
    await page.getByRole('row', { name: /no\. 50/ }).waitFor();
    expect(await page.getByText('no. 0', { exact: true }).count()).toBe(0);
    await press(page, 'Older');
    await page.getByRole('row', { name: /no\. 0/ }).waitFor();
    await page.getByText('Page 2').waitFor();
    await press(page, 'Newer');
    await page.getByRole('row', { name: /no\. 50/ }).waitFor();
    await leave();
  });
});

describe('one person', () => {
  it('is exported by number, and then erased', async () => {
    const { world, asked, enter } = await openDesk(browser, site);
    await world.enquire();
    const { page, leave } = await enter('#/person', /status of 400/);
    await press(page, 'Export');
    await page.getByText('Enter the number.').waitFor();
    const number = page.getByRole('textbox', { name: 'Number' });
    await number.fill('nobody');
    await press(page, 'Export');
    await page.getByText('The number must be written in digits, not letters').waitFor();
    await number.fill(PHONE);
    const [download] = await Promise.all([page.waitForEvent('download'), press(page, 'Export')]);
    // The number is in no file's name.
    expect(download.suggestedFilename()).toBe('ringback-export.json');
    expect(JSON.parse(await readFile(await download.path(), 'utf8'))).toMatchObject({ phone: PHONE, leads: [{ name: 'Ada Byron' }] });
    await noticeOf(page, 'Everything that is kept about +44••••••••18 was saved as a file.');
    await press(page, 'Erase…');
    await page.getByRole('dialog').getByLabel('Number').fill('nobody');
    await page.getByLabel('Type “erase” to go on').fill('erase');
    await press(page, 'Erase');
    await inDialog(page, 'The number must be written in digits, not letters');
    await page.getByRole('dialog').getByLabel('Number').fill(PHONE);
    await press(page, 'Erase');
    await noticeOf(page, /^Erased: 1 lead, 0 calls/);
    expect(asked.at(-1)).toBe(`DELETE /api/people?phone=${encodeURIComponent(PHONE)}`);
    expect(world.stores.dump()).not.toContain(PHONE);
    await leave();
  });
});

describe('activity and figures', () => {
  it('tell what people did, with the lead that it was done to', async () => {
    const { world, enter } = await openDesk(browser, site);
    await world.enquire();
    const { page, faults, leave } = await enter(`#/leads/${leadIdNumber(1)}`);
    await press(page, 'Do not call');
    await page.getByRole('dialog').getByRole('button', { name: 'Do not call' }).click();
    await noticeOf(page, 'The number is on the list');
    await page.getByRole('link', { name: 'Activity' }).click();
    await page.getByRole('row', { name: /the admin token put a number on the list …\w{6} reason console/ }).waitFor();
    await page.getByRole('link', { name: /^…/ }).click();
    await page.getByRole('heading', { name: 'Ada Byron' }).waitFor();
    expect(await page.locator('nav [aria-current=page]').textContent()).toBe('Leads');
    expect(faults).toEqual([]);
    await leave();
  });

  // The desk's clock is a minute ahead of the browser's, so that midnight never falls between the two.
  it('count today and seven days when they are looked at, and when they are asked again', async () => {
    const { world, enter } = await openDesk(browser, site, { start: new Date(Date.now() + 60_000).toISOString() });
    const { page, leave } = await enter('#/figures');
    const enquiries = page.getByRole('row', { name: /^Enquiries/ });
    await enquiries.getByText('0').first().waitFor();
    await world.enquire();
    world.clock.forward(1000);
    await press(page, 'Count again');
    await page.getByRole('row', { name: /^(new|scheduled|dialling) 1 1$/ }).waitFor();
    expect(await enquiries.innerText()).toMatch(/Enquiries\s+1\s+1/);
    await leave();
  });
});
