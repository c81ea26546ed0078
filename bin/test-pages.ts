// Called by `npm run check:pages` through with-node.mjs: the tests under test/pages in a real browser, which it installs where it can.
import { ensureChromium } from './browser.ts';
import { runTests } from './test.ts';

try {
  // Once here, so that no two test files install it at the same time.
  process.env['CHROMIUM_PATH'] = ensureChromium();
  process.exitCode = await runTests(['--config', 'vitest.pages.config.ts', ...process.argv.slice(2)]);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.stdout.write('0 passed, 1 failed\n');
  process.exitCode = 1;
}
