import { defineConfig } from 'vitest/config';

/** Promises of so many seconds to callers, kept by several processes at once: they are only worth something where nothing else wants the two cores. */
const alone = ['test/whole/takeover.test.ts', 'test/relay/soak.test.ts'];

/** What `npm test` runs: everything under test/ but the pages, which want a browser (see bin/test-pages.ts). */
export default defineConfig({
  test: {
    // Real processes, sockets and databases start in some of these, on two cores.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
    projects: [
      {
        extends: true,
        // Most of the long ones wait for calls in real time: two at once, also on two cores.
        test: { name: 'two at once', include: ['test/**/*.test.ts'], exclude: ['test/pages/**', 'node_modules/**', ...alone], maxWorkers: 2, sequence: { groupOrder: 0 } },
      },
      { extends: true, test: { name: 'alone', include: alone, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
});
