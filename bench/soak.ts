// `npm run soak [-- --calls 2000]`: a day's calls of every sort in a few minutes, half of them straight to a relay process, half through the API
// Gateway stand-in to two, of which one is killed or replaced in every round. Prints how the relays that stay are doing after each round, and fails
// when memory is not flat or anything is left behind.
import { parseArgs } from 'node:util';
import { until } from '../test/whole/until.ts';
import { startGround, type Ground } from './soak/ground.ts';

const { values } = parseArgs({ options: { calls: { type: 'string', default: '2000' }, round: { type: 'string', default: '86' }, 'at-once': { type: 'string', default: '12' } } });
const aRound = Number(values.round);
const rounds = Math.ceil(Number(values.calls) / 2 / aRound);
/** Compiled code, pools and caches grow into what they stay at. */
const WARM_UP = Math.max(1, Math.ceil(rounds / 3));
/** A call whose bridge stayed would leave some 100 KB. */
const MOST_BYTES_A_CALL = 2048;
const SETTLED_MS = 90_000;

type Taken = Awaited<ReturnType<Ground['sample']>> & { calls: number };
const megabytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1);
/** Least squares: how much `value` grows with each call. */
const slope = (samples: readonly Taken[], value: (sample: Taken) => number): number => {
  const mean = (of: (sample: Taken) => number): number => samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const [x, y] = [mean(({ calls }) => calls), mean(value)];
  const over = samples.reduce((sum, sample) => sum + (sample.calls - x) * (value(sample) - y), 0);
  const under = samples.reduce((sum, { calls }) => sum + (calls - x) ** 2, 0);
  return under === 0 ? 0 : over / under;
};

const grounds = await Promise.all([startGround('direct', { replaced: false, atOnce: Number(values['at-once']) }), startGround('gateway', { replaced: true, atOnce: Number(values['at-once']) })]);
const rows: Record<string, string | number>[] = [];
const faults: string[] = [];
const began = performance.now();
const soak = async (ground: Ground): Promise<void> => {
  const fault = (what: string): void => void faults.push(`${ground.name}: ${what}`);
  const first: Taken = { ...await ground.sample(), calls: 0 };
  const samples: Taken[] = [];
  const row = (round: string | number, { calls, heapBytes, outsideBytes, rssBytes, timers, toAgent, toDatabase, fromOutside, others, listeners }: Taken): void => void rows.push({
    way: ground.name, round, calls, 'heap MB': megabytes(heapBytes), 'outside it': megabytes(outsideBytes), 'rss MB': megabytes(rssBytes), timers, 'sockets to agent': toAgent, 'to database': toDatabase,
    'from outside': fromOutside, 'other files': others, listeners, 's': Math.round((performance.now() - began) / 1000),
  });
  row('before', first);
  for (let round = 1; round <= rounds; round++) {
    (await ground.round(aRound)).forEach(fault);
    const sample = { ...await ground.sample(), calls: round * aRound };
    samples.push(sample);
    row(round, sample);
    process.stderr.write(`${ground.name}: ${sample.calls} calls\n`);
  }
  let last = samples.at(-1)!;
  // Links to other relays, with a timer each, are there once the first calls were.
  const usualTimers = Math.max(first.timers, samples[0]!.timers);
  // Kept connections end when they were idle for a while; timers of calls do not outlive what they wait for.
  const left = (): string[] => [
    ...(last.timers > usualTimers ? [`${last.timers - usualTimers} timers are left`] : []), ...(last.toAgent > 0 ? [`${last.toAgent} sockets to the agent are left`] : []),
    // API Gateway, which also asks after a relay's health, keeps its connections.
    ...(ground.name === 'direct' && last.fromOutside > first.fromOutside ? [`${last.fromOutside - first.fromOutside} sockets of carriers are left`] : []),
    ...(last.others > first.others ? [`${last.others - first.others} files are left open`] : []), ...(last.listeners > first.listeners ? [`${last.listeners - first.listeners} listeners are left`] : []),
  ];
  await until('nothing is left', async () => {
    last = { ...await ground.sample(), calls: rounds * aRound };
    return left().length === 0;
  }, SETTLED_MS).catch(() => {});
  row('settled', last);
  [...left(), ...last.warnings, ...await ground.complaints()].forEach(fault);
  const grows = slope(samples.slice(WARM_UP), ({ heapBytes, outsideBytes }) => heapBytes + outsideBytes);
  process.stdout.write(`${ground.name}: after the first ${WARM_UP * aRound} calls, heap and what is outside it grow by ${Math.round(grows)} bytes a call.\n`);
  if (grows > MOST_BYTES_A_CALL) fault(`memory is not flat: ${Math.round(grows)} bytes a call`);
};
await Promise.all(grounds.map(soak));
for (const ground of grounds) for (const end of await ground.stop()) if (end !== 0) faults.push(`${ground.name}: a relay ended with ${end}`);
console.table(rows);
for (const fault of faults) process.stderr.write(`${fault}\n`);
process.exit(faults.length === 0 ? 0 : 1);
