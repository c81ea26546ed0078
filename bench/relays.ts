// `npm run soak:relays -- --calls 50 [--frame-ms 100]`: that many callers talk through the API Gateway stand-in and three relay processes, while one is killed, all
// are replaced, and two more are killed. Prints for how long callers were cut off from an agent, and heard nobody (the agent
// speaks once a second), and fails when a promise was not kept.
import { talkingAgent } from '#doubles/talking-agent.ts';
import { busiest, startFleet } from '../test/whole/fleet.ts';
import { startTalks } from '../test/whole/fleet-talks.ts';
import { numbersOf } from './numbers.ts';

const PROMISED_MS = 3000;
/** After each step everybody talks on for so long. */
const TALK_ON_MS = 3000;

const values = numbersOf('soak:relays', {
  calls: { usual: 50, least: 1, most: 500, what: 'callers who talk all the while' },
  // Twilio's frames are 20 ms: 50 calls are 2,500 requests a second, which two cores can do when nobody else wants them. Longer frames are fewer.
  'frame-ms': { usual: 20, least: 20, most: 1000, what: 'ms of audio in a frame, at least' },
  scatter: { usual: 20, least: 0, most: 1000, what: 'ms by which frames overtake each other' },
  repeated: { usual: 0.05, least: 0, most: 1, fraction: true, what: 'share of frames that come twice' },
});
const { calls } = values;
const ms = (value: number): string => `${Math.round(value)} ms`;
const percentile = (sorted: number[], p: number): number => sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * p) / 100))]!;

const agent = await talkingAgent();
const fleet = await startFleet({ relays: 3, agentUrl: agent.baseUrl, gateway: { scatterMs: values.scatter, repeated: values.repeated } });
const rows: Record<string, string | number>[] = [];
const broken: string[] = [];
const talks = await startTalks(fleet, agent, calls, values['frame-ms']);

/** `lost`: the moment from which callers count. */
const step = async (what: string, lost: () => Promise<number>): Promise<void> => {
  process.stderr.write(`${what} …\n`);
  const since = await lost();
  const silences = (await talks.talkedWithAgain(since, 60_000)).toSorted((a, b) => a - b);
  const cutOffs = talks.cutOffs(since).toSorted((a, b) => a - b);
  await talks.talkedWithAgain(performance.now() + TALK_ON_MS, 60_000);
  const faults = await talks.broken();
  if ((cutOffs.at(-1) ?? 0) > PROMISED_MS) faults.push(`somebody was cut off for ${ms(cutOffs.at(-1)!)}`);
  broken.push(...faults.map((fault) => `${what}: ${fault}`));
  rows.push({
    step: what, 'cut off': cutOffs.length, 'for p50': cutOffs.length > 0 ? ms(percentile(cutOffs, 50)) : '', 'most': cutOffs.length > 0 ? ms(cutOffs.at(-1)!) : '',
    'longest silence p50': ms(percentile(silences, 50)), 'at most': ms(silences.at(-1)!), 'sockets closed': talks.calls.filter(({ line }) => line.closed).length, 'promises broken': faults.length,
  });
};
const kill = async (): Promise<number> => {
  const relay = await busiest(fleet);
  relay.signal('SIGKILL');
  const at = performance.now();
  await relay.exit;
  void fleet.deregister(relay);
  return at;
};

await step('all talk', async () => performance.now() + 2000);
await step('one relay is killed', kill);
await fleet.add();
for (const [i, old] of fleet.relays.entries()) {
  await fleet.add('relay:2');
  await step(`relay ${i + 1} of 3 is replaced`, async () => {
    const at = performance.now();
    await fleet.deregister(old);
    old.signal('SIGTERM');
    const end = await old.exit;
    if (end !== 0) broken.push(`a relay that was replaced ended with ${end}: ${old.output()}`);
    return at;
  });
}
await step('one of the new ones is killed', kill);
await step('and another', kill);

const frames = agent.talks.reduce((sum, { frames: { count, missing } }) => ({ count: sum.count + count, missing: sum.missing + missing }), { count: 0, missing: 0 });
const unsaid = await talks.hangUp();
talks.stop();
const ends = await fleet.stop();
await agent.stop();
console.table(rows);
process.stdout.write(`${calls} calls with frames of at least ${values['frame-ms']} ms, ${agent.talks.length} conversations; ${frames.count} frames reached an agent, ${frames.missing} between them did not; ${talks.calls.reduce((sum, { line }) => sum + line.failures, 0)} were not taken by a relay; ${unsaid} ends were told by the carrier's callback alone.\n`);
if (ends.some((end) => end !== 0)) broken.push(`relays ended with ${ends.join(', ')}`);
for (const fault of broken) process.stderr.write(`${fault}\n`);
process.exit(broken.length === 0 ? 0 : 1);
