// `npm run soak:relays -- --calls 50`: that many callers talk through the API Gateway stand-in and three relay processes, while one is killed, all
// are replaced, and two more are killed. Prints how long each caller heard nobody, and fails when a promise was not kept.
import { parseArgs } from 'node:util';
import { talkingAgent } from '#doubles/talking-agent.ts';
import { busiest, startFleet } from '../test/whole/fleet.ts';
import { startTalks } from '../test/whole/fleet-talks.ts';

const PROMISED_MS = 3000;
/** After each step everybody talks on for so long. */
const TALK_ON_MS = 3000;

const { values } = parseArgs({ options: { calls: { type: 'string', default: '50' }, scatter: { type: 'string', default: '20' }, repeated: { type: 'string', default: '0.05' } } });
const calls = Number(values.calls);
const ms = (value: number): string => `${Math.round(value)} ms`;
const percentile = (sorted: number[], p: number): number => sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * p) / 100))]!;

const agent = await talkingAgent();
const fleet = await startFleet({ relays: 3, agentUrl: agent.baseUrl, gateway: { scatterMs: Number(values.scatter), repeated: Number(values.repeated) } });
const rows: Record<string, string | number>[] = [];
const broken: string[] = [];
const talks = await startTalks(fleet, agent, calls);

/** `lost`: the moment from which callers count their silence. */
const step = async (what: string, lost: () => Promise<number>): Promise<void> => {
  process.stderr.write(`${what} …\n`);
  const cpu = process.cpuUsage();
  const before = agent.talks.length;
  const since = await lost();
  const silences = (await talks.talkedWithAgain(since, 60_000)).toSorted((a, b) => a - b);
  const opened = agent.talks.slice(before).map(({ openedAt }) => openedAt - since).toSorted((a, b) => a - b);
  const used = process.cpuUsage(cpu);
  await talks.talkedWithAgain(performance.now() + TALK_ON_MS, 60_000);
  const faults = await talks.broken();
  if (silences.at(-1)! > PROMISED_MS) faults.push(`somebody heard nobody for ${ms(silences.at(-1)!)}`);
  broken.push(...faults.map((fault) => `${what}: ${fault}`));
  rows.push({
    step: what, 'new conversations': opened.length, 'last opened after': opened.length > 0 ? ms(opened.at(-1)!) : '', 'silence p50': ms(percentile(silences, 50)), p95: ms(percentile(silences, 95)),
    most: ms(silences.at(-1)!), 'sockets closed': talks.calls.filter(({ line }) => line.closed).length, 'cpu of carriers, agent and gateway': ms((used.user + used.system) / 1000), 'promises broken': faults.length,
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
await talks.hangUp();
talks.stop();
const ends = await fleet.stop();
await agent.stop();
console.table(rows);
process.stdout.write(`${calls} calls, ${agent.talks.length} conversations; ${frames.count} frames reached an agent, ${frames.missing} between them did not; ${talks.calls.reduce((sum, { line }) => sum + line.failures, 0)} were not taken by a relay.\n`);
if (ends.some((end) => end !== 0)) broken.push(`relays ended with ${ends.join(', ')}`);
for (const fault of broken) process.stderr.write(`${fault}\n`);
process.exit(broken.length === 0 ? 0 : 1);
