import { defineConfig } from 'vitest/config';

/** What `npm test` runs: everything under test/ but the pages, which want a browser (see bin/test-pages.ts). */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/pages/**', 'node_modules/**'],
    // Real processes, sockets and databases start in some of these, on two cores.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
    // Most of the long ones wait for calls in real time: two at once, also on two cores.
    maxWorkers: 2,
  },
});
