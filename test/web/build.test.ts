import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildSite } from '../../web/build.ts';
import { consentText, defaultSite } from '../../web/consent.ts';

describe('the built site', () => {
  let directory: string;
  const files = async (out: string): Promise<[string, string][]> => {
    const names = (await readdir(out)).toSorted();
    return Promise.all(names.map(async (name): Promise<[string, string]> => [name, await readFile(join(out, name), 'utf8')]));
  };
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'ringback-site-'));
    await buildSite(join(directory, 'a'));
    await buildSite(join(directory, 'deep/b'));
    await buildSite(join(directory, 'other'), { businessName: 'Fish & "Chips" <Ltd>' });
  });
  afterAll(() => rm(directory, { recursive: true }));

  it('has the same bytes every time', async () => {
    expect(await files(join(directory, 'a'))).toEqual(await files(join(directory, 'deep/b')));
    expect((await files(join(directory, 'a'))).map(([name]) => name))
      .toEqual(['console.css', 'console.html', 'console.js', 'enquiry.css', 'enquiry.js', 'favicon.svg', 'index.html', 'outbox.css', 'outbox.html', 'outbox.js', 'sign-in.json', 'site.json']);
  });

  it('has no inline script, style or handler, and fetches from nowhere else', async () => {
    const built = await files(join(directory, 'a'));
    const textOf = (ending: string): string => built.filter(([name]) => name.endsWith(ending)).map(([, text]) => text).join('\n');
    expect(textOf('.html')).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|(?:src|href|action)="(?:https?:)?\/\//);
    expect(textOf('.css')).not.toMatch(/url\(|@import/);
  });

  it('carries the whole consent in the form, for those without JavaScript', async () => {
    const page = await readFile(join(directory, 'a/index.html'), 'utf8');
    expect(page).toContain(`name="consentText" value="${consentText(defaultSite)}"`);
    expect(page).toMatch(/<form[^>]* action="\/enquire" method="post"/);
    expect(page).not.toMatch(/<input[^>]*id="consent"[^>]*checked/);
  });

  it('names the captcha’s key in site.json, and only where there is one', async () => {
    await buildSite(join(directory, 'captcha'), { turnstileSiteKey: 'a-site-key' });
    const siteOf = async (name: string): Promise<unknown> => JSON.parse(await readFile(join(directory, name, 'site.json'), 'utf8'));
    expect(await siteOf('captcha')).toEqual({ ...defaultSite, turnstileSiteKey: 'a-site-key' });
    expect(await siteOf('a')).toEqual(defaultSite);
    expect(await readFile(join(directory, 'captcha/index.html'), 'utf8')).toContain('Sending this form needs JavaScript');
    expect(await readFile(join(directory, 'a/index.html'), 'utf8')).toContain('This page works without JavaScript, too');
  });

  it('writes the business’s name as text, whatever is in it', async () => {
    const page = await readFile(join(directory, 'other/index.html'), 'utf8');
    expect(page).toContain('Fish &amp; &quot;Chips&quot; &lt;Ltd&gt;');
    expect(page).not.toContain('<Ltd>');
    expect(JSON.parse(await readFile(join(directory, 'other/site.json'), 'utf8'))).toEqual({ ...defaultSite, businessName: 'Fish & "Chips" <Ltd>' });
  });
});
