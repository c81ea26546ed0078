import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { launch } from '../../bin/browser.ts';
import { CLIENT_ID, startCognito, type Cognito } from './cognito.ts';
import { leadId, leadOf, summaryOf } from './people.ts';
import { freshScript, raiseStage, type Stage } from './stage.ts';
import { axeFindings, focusedId, visit } from './visit.ts';

let browser: Browser;
let stage: Stage;
let cognito: Cognito;
beforeAll(async () => { [browser, stage] = await Promise.all([launch(), raiseStage()]); });
afterAll(async () => { await browser.close(); await stage.close(); });
beforeEach(async () => {
  cognito = await startCognito(() => `${stage.url}/console`);
  onTestFinished(cognito.close);
  cognito.token = 'access-1';
  stage.script = { ...freshScript(), token: 'access-1', leads: [summaryOf(1)], signIn: { signInUrl: cognito.url, clientId: CLIENT_ID, signedIn: `${stage.url}/console` } };
  stage.script.lead[leadId(1)] = leadOf(1);
});

const signIn = (page: Page): Promise<void> => page.getByRole('button', { name: 'Sign in' }).click();
const inside = (page: Page): Promise<void> => page.getByRole('link', { name: 'Visitor 1' }).waitFor();
const says = (page: Page, text: string): Promise<void> => page.getByRole('alert').getByText(text).waitFor();

describe('the console where Cognito signs people in', () => {
  it('sends them to Cognito and takes them in with the code that they bring back', async () => {
    const { page, faults, leave } = await visit(browser, `${stage.url}/console`);
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    expect([await page.getByLabel('Admin token').count(), await focusedId(page), await axeFindings(page)]).toEqual([0, 'sign-in', []]);
    await signIn(page);
    await inside(page);
    const [asked] = cognito.authorized;
    expect(Object.fromEntries(asked!)).toMatchObject({ response_type: 'code', client_id: CLIENT_ID, redirect_uri: `${stage.url}/console`, scope: 'openid email', code_challenge_method: 'S256' });
    expect([asked!.get('state'), asked!.get('code_challenge')]).toEqual([expect.stringMatching(/^[\w-]{43}$/), expect.stringMatching(/^[\w-]{43}$/)]);
    // Neither code nor state stays in the address, and a reload needs neither.
    expect(page.url()).toBe(`${stage.url}/console`);
    await page.reload();
    await inside(page);
    expect([cognito.exchanged.length, faults]).toEqual([1, []]);
    await leave();
  });

  it('opens the lead that was asked for before the sign-in', async () => {
    const { page, leave } = await visit(browser, `${stage.url}/console#/leads/${leadId(1)}`);
    await signIn(page);
    await page.locator('#lead').getByText('Wants to know the price').first().waitFor();
    expect(page.url()).toBe(`${stage.url}/console#/leads/${leadId(1)}`);
    await leave();
  });

  it('takes no code that comes back with another state than it was asked with, nor one that nobody here asked for', async () => {
    const { page, leave } = await visit(browser, `${stage.url}/console`);
    cognito.manner = 'changes the state';
    await signIn(page);
    await says(page, 'This sign-in was not begun in this tab.');
    await page.goto(`${stage.url}/console?code=stolen&state=made-up`);
    await says(page, 'This sign-in was not begun in this tab.');
    expect([cognito.exchanged, await page.locator('#board').isVisible()]).toEqual([[], false]);
    cognito.manner = 'signs in';
    await signIn(page);
    await inside(page);
    await leave();
  });

  it('says so when Cognito let nobody in', async () => {
    const { page, leave } = await visit(browser, `${stage.url}/console`);
    cognito.manner = 'denies';
    await signIn(page);
    await says(page, 'You were not signed in.');
    expect(cognito.exchanged).toEqual([]);
    await leave();
  });

  it('renews a token that has run out without a word, for as long as Cognito does; then it asks to sign in again', async () => {
    const { page, leave } = await visit(browser, `${stage.url}/console`, {}, /status of 40[01]/);
    await signIn(page);
    await inside(page);
    cognito.token = 'access-2';
    stage.script.token = 'access-2';
    stage.script.leads = [summaryOf(2), summaryOf(1)];
    await page.getByRole('link', { name: 'Visitor 2' }).waitFor();
    expect(cognito.exchanged.map((form) => form.get('grant_type'))).toEqual(['authorization_code', 'refresh_token']);
    await page.reload();
    await inside(page);
    expect(cognito.exchanged).toHaveLength(2);
    cognito.refreshes = false;
    stage.script.token = 'access-3';
    await says(page, 'Your sign-in has ended. Please sign in again.');
    expect(await page.locator('#board').isVisible()).toBe(false);
    await leave();
  });

  it('signs out here and at Cognito', async () => {
    const { page, leave } = await visit(browser, `${stage.url}/console`);
    await signIn(page);
    await inside(page);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await expect.poll(() => cognito.loggedOut).toBe(1);
    await page.reload();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    expect(await page.evaluate<number>('sessionStorage.length')).toBe(0);
    await leave();
  });

  it('asks for a token where there is no such file', async () => {
    stage.script.signIn = 'missing';
    const { page, leave } = await visit(browser, `${stage.url}/console`, {}, /status of 404/);
    await page.getByLabel('Admin token').fill('access-1');
    await page.getByRole('button', { name: 'Open' }).click();
    await inside(page);
    expect(await page.getByRole('button', { name: 'Sign in' }).count()).toBe(0);
    await leave();
  });
});
