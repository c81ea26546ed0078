// Called by the local stack, the deployment and the tests (or `node web/build.ts <dir>`): makes the site's files. Same input, same bytes.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { consentLabel, consentPoints, consentText, defaultSite, type Site } from './consent.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** The page's {{words}} filled in; a word that nobody knows is an error, so no page is ever shipped with a hole. */
const fill = (page: string, words: Readonly<Record<string, string>>): string =>
  page.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const word = words[name];
    if (word === undefined) throw new Error(`a page asks for {{${name}}}, which web/build.ts does not know`);
    return word;
  });

const wordsFor = (site: Site): Record<string, string> => ({
  businessName: escape(site.businessName),
  consentPoints: consentPoints(site).map(({ term, text }) => `<li><strong>${escape(term)}:</strong> ${escape(text)}</li>`).join(''),
  consentLabel: escape(consentLabel(site)),
  consentText: escape(consentText(site)),
  simulatedHidden: site.simulated ? '' : ' hidden',
  // The captcha is a script: who has none is told so before the form is filled in.
  withoutScript: site.turnstileSiteKey
    ? 'Sending this form needs JavaScript: without it we cannot check that you are a person.'
    : 'This page works without JavaScript, too: after “Call me”, the answer comes as a page of its own.',
});

/**
 * Writes index.html, console.html, outbox.html, their styles and modules, favicon.svg, site.json and sign-in.json into the directory (made if need be; other
 * files there stay). The site's words can be given here, or be put into site.json later: the enquiry page reads it.
 */
export const buildSite = async (outDirectory: string, words: Partial<Site> = {}): Promise<void> => {
  const site: Site = { ...defaultSite, ...words };
  const out = resolve(outDirectory);
  await mkdir(out, { recursive: true });
  await build({
    absWorkingDir: here('.'),
    entryPoints: [
      { in: 'enquiry/main.ts', out: 'enquiry' }, { in: 'console/main.ts', out: 'console' }, { in: 'outbox/main.ts', out: 'outbox' },
      { in: 'style/enquiry.css', out: 'enquiry' }, { in: 'style/console.css', out: 'console' }, { in: 'style/outbox.css', out: 'outbox' },
    ],
    outdir: out, bundle: true, minify: true, format: 'esm', target: ['es2022', 'chrome110', 'firefox115', 'safari16'], charset: 'utf8', legalComments: 'none', logLevel: 'warning',
  });
  for (const page of ['index.html', 'console.html', 'outbox.html']) {
    await writeFile(join(out, page), fill(await readFile(here(`pages/${page}`), 'utf8'), wordsFor(site)));
  }
  await writeFile(join(out, 'favicon.svg'), await readFile(here('favicon.svg')));
  // On one machine people open the console with a token; a deployment puts its own in place of this one.
  await writeFile(join(out, 'sign-in.json'), '{}\n');
  await writeFile(join(out, 'site.json'), `${JSON.stringify(site, null, 2)}\n`);
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const directory = process.argv[2];
  if (!directory) {
    process.stderr.write('Say where to put the site: node web/build.ts <directory>\n');
    process.exitCode = 2;
  } else await buildSite(directory);
}
