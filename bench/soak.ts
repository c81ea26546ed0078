// `npm run soak [-- --calls 2000]`: a day's calls of every sort in a few minutes, half of them straight to a relay process, half through the API
// Gateway stand-in to two, of which one is killed or replaced in every round. Prints how the relays that stay are doing after each round, and fails
// when memory is not flat or anything is left behind.
import { until } from '../test/whole/until.ts';
import { numbersOf } from './numbers.ts';
import { startGround, type Ground } from './soak/ground.ts';

const values = numbersOf('soak', {
  calls: { usual: 2000, least: 1, most: 1_000_000, what: 'calls, half of them each way' },
  round: { usual: 86, least: 1, most: 10_000, what: 'calls of one way between two looks at memory' },
  'at-once': { usual: 12, least: 1, most: 500, what: 'calls of one way at the same time' },
});
const aRound = values.round;
const rounds = Math.ceil(values.calls / 2 / aRound);
/** When every bridge was kept on purpose, it was 93,000 bytes a call direct and 46,000 through the gateway. */
const MOST_BYTES_A_CALL = 8192;
const SETTLED_MS = 90_000;

type Taken = Awaited<ReturnType<Ground['sample']>> & { calls: number };
const megabytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1);
/**
 * How much more there is with each call, from the middle third of the rounds to the last, by the least of each: V8 drops what belongs to code that
 * was not used for a while, and makes it anew, megabytes up and down; what is leaked is there in every sample.
 */
const growth = (samples: readonly Taken[]): number => {
  const third = Math.max(1, Math.floor(samples.length / 3));
  const least = (some: readonly Taken[]): number => Math.min(...some.map(({ heapBytes, outsideBytes }) => heapBytes + outsideBytes));
  const [middle, last] = [samples.slice(-2 * third, -third), samples.slice(-third)];
  return (least(last) - least(middle)) / (third * aRound);
};

const grounds = await Promise.all([startGround('direct', { replaced: false, atOnce: values['at-once'] }), startGround('gateway', { replaced: true, atOnce: values['at-once'] })]);
const rows: Record<string, string | number>[] = [];
const faults: string[] = [];
const began = performance.now();
const soak = async (ground: Ground): Promise<void> => {
  const fault = (what: string): void => void faults.push(`${ground.name}: ${what}`);
  const first: Taken = { ...await ground.sample(), calls: 0 };
  const samples: Taken[] = [];
  const row = (round: string | number, { calls, heapBytes, outsideBytes, rssBytes, timers, toAgent, toDatabase, fromOutside, others, listeners }: Taken): void => void rows.push({
    way: ground.name, round, calls, 'objects MB': megabytes(heapBytes), 'outside': megabytes(outsideBytes), 'rss MB': megabytes(rssBytes), timers, 'sockets to agent': toAgent, 'to database': toDatabase,
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
  const grows = growth(samples);
  process.stdout.write(`${ground.name}: from the middle third of the calls to the last, what stays grows by ${Math.round(grows)} bytes a call.\n`);
  if (grows > MOST_BYTES_A_CALL) fault(`memory is not flat: ${Math.round(grows)} bytes a call`);
};
await Promise.all(grounds.map(soak));
for (const ground of grounds) for (const end of await ground.stop()) if (end !== 0) faults.push(`${ground.name}: a relay ended with ${end}`);
console.table(rows);
for (const fault of faults) process.stderr.write(`${fault}\n`);
process.exit(faults.length === 0 ? 0 : 1);
