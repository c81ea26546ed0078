// Called by everything that looks at the pages (bin/test-pages.ts and its tests): finds a Chromium, or installs Debian's, and starts it.
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser, type LaunchOptions } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
/** No sandbox: it cannot start as root in a container. The rest: no traffic that the pages did not ask for. */
const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

const runnable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false; // not there, or not ours to run
  }
};
const onPath = (name: string): string | undefined =>
  ['/usr/bin', ...(process.env['PATH'] ?? '').split(delimiter)].filter(Boolean).map((directory) => join(directory, name)).find(runnable);

/** CHROMIUM_PATH, or the first Chromium there is. Throws when CHROMIUM_PATH names no program. */
export const findChromium = (): string | undefined => {
  const given = process.env['CHROMIUM_PATH'];
  if (given && !runnable(given)) throw new Error(`CHROMIUM_PATH (${given}) is no program that can be run`);
  return given || NAMES.map(onPath).find((file) => file !== undefined);
};

const aptInstall = (): void => {
  const quiet = { stdio: ['ignore', 'ignore', 'inherit'] as ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  process.stderr.write('Installing Chromium (apt-get) …\n');
  for (const args of [['update', '-qq'], ['install', '-y', '-qq', '--no-install-recommends', 'chromium']]) {
    if (spawnSync('apt-get', args, quiet).status !== 0) return; // its own message is above
  }
};

/** The Chromium to use; installs it where that can be done. Throws one line that says what to install where it cannot. */
export const ensureChromium = (): string => {
  let found = findChromium();
  if (!found && process.getuid?.() === 0 && onPath('apt-get')) {
    aptInstall();
    found = findChromium();
  }
  if (!found) throw new Error('The pages are tested in Chromium, and none was found: install Chromium (Debian: apt-get install chromium), or set CHROMIUM_PATH to its program.');
  return found;
};

/** Starts a browser. `options.args` are added to our own (a fake microphone, autoplay). Close it when done. */
export const launch = (options: LaunchOptions = {}): Promise<Browser> =>
  chromium.launch({ ...options, executablePath: ensureChromium(), args: [...ARGUMENTS, ...options.args ?? []] });

if (import.meta.main) {
  try {
    process.stdout.write(`${ensureChromium()}\n`);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
