import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { launch } from '../../bin/browser.ts';
import { callOf, leadId, leadOf, summaryOf } from './people.ts';
import { freshScript, raiseStage, statsOf, type Script, type Stage } from './stage.ts';
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
    const planned = { ...leadOf(1).attempts[0]!, attemptId: `att_${leadId(1).slice(5)}_2`, state: 'scheduled' as const, decision: null, callId: null, dueAt: '2026-06-03T10:00:00Z', reason: 'The line was busy: trying again after 5 minutes.' };
    stage.script.lead[leadId(1)] = leadOf(1, { attempts: [...leadOf(1).attempts, planned], calls: [callOf(1), callOf(2, { status: 'in-progress', endReason: null, transcript: [] })] });
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
    await page.getByRole('button', { name: 'Erase…' }).first().click();
    await page.getByRole('button', { name: 'Erase', exact: true }).click();
    await inOrder(page, 'erasure, without its word');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Move to…' }).click();
    await inOrder(page, 'another time');
    await page.keyboard.press('Escape');
    expect(faults).toEqual([]);
    await leave();
  });

  it('on the other views of the console', async () => {
    const at = '2026-06-03T09:30:00.000Z';
    stage.script.dialling = { dialling: false, at, by: 'user:0b6f2c9e-8d1a-4f0e-9c57-3a1f3b0d7e11', policyKillSwitch: false };
    stage.script.suppressions = [
      { phone: '+14155550123', reason: 'opt-out', at, note: 'x'.repeat(300), mark: '0f3a' }, { phone: null, reason: 'crm', at: '2026-06-03T09:29:00.000Z', note: null, mark: '9d46' },
    ];
    stage.script.trail = [{ at, by: 'admin-token', action: 'erase', leadId: leadId(1), facts: { leads: 1, calls: 2, turns: 14 } }, { at, by: 'user:0b6f2c9e-8d1a-4f0e-9c57-3a1f3b0d7e11', action: 'switch', leadId: null, facts: { dialling: false } }];
    stage.script.stats = statsOf({ reached: 9, unreachable: 2, 'do-not-call': 1 });
    const { page, faults, leave } = await visit(browser, `${stage.url}/console`, options);
    await page.getByLabel('Admin token').fill(stage.script.token);
    await page.keyboard.press('Enter');
    await page.getByText('Dialling is off').waitFor();
    await page.getByRole('button', { name: 'Turn dialling on' }).click();
    await inOrder(page, 'switch');
    await page.keyboard.press('Escape');
    for (const [link, sign] of [['Suppressions', 'erased number 9d46'], ['Activity', 'turned dialling off'], ['Figures', 'What they came to'], ['One person', 'Everything that is kept']] as const) {
      await page.getByRole('link', { name: link }).click();
      await page.getByText(sign).first().waitFor();
      await inOrder(page, link);
    }
    await page.getByRole('button', { name: 'Export' }).click();
    await page.getByText('Enter the number.').waitFor();
    await inOrder(page, 'One person, without a number');
    expect(faults).toEqual([]);
    await leave();
  });
});
