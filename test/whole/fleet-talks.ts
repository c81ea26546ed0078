// Used by the tests and benches of many relay processes: callers who talk through a fleet, and what was promised to them, checked.
import type { Turn } from '#calls/call.ts';
import { statusEvent } from '#doubles/records.ts';
import { busyLines, type BusyLine } from '#doubles/busy-lines.ts';
import type { Talk, TalkingAgent } from '#doubles/talking-agent.ts';
import type { Fleet, SeededCall } from './fleet.ts';
import { until } from './until.ts';

export interface FleetCall extends SeededCall { line: BusyLine }

export interface FleetTalks {
  readonly calls: readonly FleetCall[];
  /**
   * Resolves once every caller hears an agent that is there, after this moment; with each one's longest silence since then in ms, in the order
   * of `calls`. Rejects with those who do not.
   */
  talkedWithAgain(since: number, withinMs?: number): Promise<number[]>;
  /** For each caller whose conversation was closed after that moment: from there to the first words of the next, in ms. */
  cutOffs(since: number): number[];
  /** What was promised and not kept, in sentences. To be asked while all are on the line. */
  broken(): Promise<string[]>;
  /** All callers hang up; resolves when no agent is left and each call is over, with how many are so by the carrier's callback alone. */
  hangUp(): Promise<number>;
  stop(): void;
}

/** From the agent's words to the store: on a busy machine, with some turns of each call under way at any time. */
const RECORDER_MS = 1000;
/** What was on its way to a caller when its relay was killed is not taken for the next agent's words. */
const UNDER_WAY_MS = 200;
const HUNG_UP_MS = 15_000;
/** Of the transcript, how many turns back an agent that goes on must have been told of. */
const TOLD_TURNS = 20;

/** What was said in a conversation long enough before its end that it must be known. `cut`: the caller may have heard a part of it only. */
const known = (talk: Talk): { text: string; cut: boolean }[] => {
  const before = Math.min(talk.closedAt, performance.now()) - RECORDER_MS;
  const last = talk.open ? undefined : talk.turns.findLast(({ role }) => role === 'agent');
  return talk.turns.filter(({ at }) => at < before).map((turn) => ({ text: turn.text, cut: turn === last }));
};
const fits = (stored: string, { text, cut }: { text: string; cut: boolean }): boolean => stored === text || (cut && (stored === '…' || text.startsWith(stored)));

const transcriptFaults = (talks: readonly Talk[], stored: readonly Turn[]): string[] => {
  const faults: string[] = [];
  const said = new Set(talks.flatMap(({ turns }) => turns.map(({ text }) => text)));
  let at = 0;
  for (const expected of talks.flatMap(known)) {
    const found = stored.findIndex((turn, i) => i >= at && fits(turn.text, expected));
    if (found < 0) faults.push(`"${expected.text}" is not in its place in the transcript`);
    else at = found + 1;
  }
  for (const { text } of stored) if (text !== '…' && !said.has(text) && ![...said].some((whole) => whole.startsWith(text))) faults.push(`"${text}" is in the transcript and was not said`);
  return faults;
};
/** Each conversation after the first goes on where the one before it stopped. */
const contextFaults = (talks: readonly Talk[]): string[] => talks.slice(1).flatMap((talk, i) => {
  if (talk.turns.length === 0) return [];
  const told = talk.told.join('\n');
  const unknown = talks.slice(0, i + 1).flatMap(known).filter(({ cut }) => !cut).slice(-TOLD_TURNS).filter(({ text }) => !told.includes(text));
  return [
    ...(talk.firstMessage === null ? [`conversation ${talk.number} began with the agent's usual words`] : []),
    ...unknown.map(({ text }) => `conversation ${talk.number} was not told of "${text}"`),
  ];
});

export const startTalks = async (fleet: Fleet, agent: TalkingAgent, count: number, leastFrameMs = 0): Promise<FleetTalks> => {
  const lines = busyLines(fleet.url, leastFrameMs);
  const calls: FleetCall[] = [];
  for (let i = 0; i < count; i++) {
    // Every fourth speaks with Exotel's accent.
    const call = await fleet.seed(i % 4 === 3 ? 'exotel' : 'twilio');
    calls.push({ ...call, line: await lines.call(call) });
  }
  const lateFor = ({ callSid, line }: FleetCall, since: number): boolean => {
    const last = agent.of(callSid).findLast(({ open }) => open);
    return !last || line.heard.at(-1)?.conversation !== last.number || line.heardAt <= since || performance.now() < since + UNDER_WAY_MS;
  };
  /** All that is known of a call, for the failure. */
  const story = async ({ callId, callSid, line }: FleetCall): Promise<string> => {
    const talks = agent.of(callSid).map(({ number, open, turns }) => `${number} (${open ? 'open' : 'closed'}, ${turns.length} turns)`).join(', ');
    const events = (await fleet.stores.calls.events(callId)).map((event) => `${event.kind}${'detail' in event ? ` ${event.detail}` : ''}`).join(', ');
    return `${callSid}: socket ${line.closed?.code ?? 'open'}, ${line.failures} frames not taken, conversations ${talks || 'none'}, heard ${line.heard.at(-1)?.conversation ?? 'nothing'}, events ${events}`;
  };
  const talkedWithAgain: FleetTalks['talkedWithAgain'] = async (since, withinMs = 15_000) => {
    let late: FleetCall[] = [];
    await until('everybody is talked with', () => (late = calls.filter((call) => lateFor(call, since))).length === 0, withinMs).catch(async (error: Error) => {
      throw new Error(`${error.message}; not with\n${(await Promise.all(late.map(story))).join('\n')}\n${fleet.relays.map((relay) => relay.output()).join('\n')}`);
    });
    return calls.map(({ line }) => line.silenceSince(since));
  };
  await talkedWithAgain(performance.now(), 30_000);

  return {
    calls, talkedWithAgain,
    cutOffs: (since) => calls.flatMap(({ callSid, line }) => agent.of(callSid).flatMap(({ closedAt }, i, all) => {
      const next = line.heard.find(({ conversation }) => conversation === all[i + 1]?.number);
      return closedAt > since && next ? [next.at - closedAt] : [];
    })),
    broken: async () => {
      const all = await Promise.all(calls.map(async ({ callId, callSid, line }) => {
        const talks = agent.of(callSid);
        const live = talks.filter(({ open }) => open).length;
        const stored = (await fleet.stores.calls.turns(callId)).toSorted((a, b) => a.index - b.index);
        const faults = [
          ...(line.closed ? [`the carrier's socket was closed (${line.closed.code})`] : []),
          ...(live === 1 ? [] : [`${live} conversations are live`]),
          ...line.faults, ...talks.flatMap(({ frames }) => frames.faults), ...transcriptFaults(talks, stored), ...contextFaults(talks),
        ];
        return faults.map((fault) => `${callSid.replace(/0+/, ' ')}: ${fault}`);
      }));
      return all.flat();
    },
    hangUp: async () => {
      for (const { line } of calls) line.hangUp();
      await until('all agents are let go', () => agent.talks.every(({ open }) => !open), HUNG_UP_MS);
      const endOf = async ({ callId }: FleetCall) => (await fleet.stores.calls.call(callId))?.endReason ?? null;
      const written = async (): Promise<FleetCall[]> => {
        const ends = await Promise.all(calls.map(endOf));
        return calls.filter((_call, i) => ends[i] === null);
      };
      // A stop may be overtaken by the end of its connection for longer than that is waited for: then the carrier's callback says that the call is over.
      const unsaid = await until('the ends are written down', async () => (await written()).length === 0 && [], HUNG_UP_MS).catch(written);
      for (const { callId } of unsaid) await fleet.stores.calls.append(callId, statusEvent('completed', { at: new Date().toISOString(), sequence: 3 }));
      return unsaid.length;
    },
    stop: () => lines.stop(),
  };
};
