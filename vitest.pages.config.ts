import { defineConfig } from 'vitest/config';

/** What `npm run check:pages` runs: the tests that need a browser. One file at a time: each starts one. */
export default defineConfig({
  test: {
    include: ['test/pages/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    fileParallelism: false,
  },
});
