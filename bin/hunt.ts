// Called by `npm run hunt` through with-node.mjs: the hunt for a second phone (test/calls/dialled-once.test.ts) over so many lives,
// `npm run hunt -- 10000`, and with a seed, `npm run hunt -- 10000 42`, over the same lives again.
import { runTests } from './test.ts';

const [lives = '10000', seed = ''] = process.argv.slice(2);
if (!/^[1-9]\d{0,6}$/.test(lives) || !/^(-?\d{1,10})?$/.test(seed)) {
  process.stderr.write('Say how many lives, and, to see the same ones again, the seed that was printed: npm run hunt -- 10000 42\n');
  process.exitCode = 2;
} else {
  process.env['HUNT_LIVES'] = lives;
  if (seed) process.env['HUNT_SEED'] = seed;
  process.exitCode = await runTests(['test/calls/dialled-once.test.ts', '--disable-console-intercept']);
}
