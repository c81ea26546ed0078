// Carriers and agents of all calls in real time, in this one process: every frame is sent when it is due, and one clock tells how long it took. Used by
// rounds.ts and most-calls.ts.
import { performance } from 'node:perf_hooks';
import { startAgents, type AgentLeg } from './agents.ts';
import type { CarrierLeg } from './carriers.ts';
import { FRAME_MS } from './frames.ts';
import { samplesOf, tally } from './tally.ts';

/** What `measure` saw, in ms where it is time; samples are sorted. */
export interface Measured {
  seconds: number;
  /** Audio frames that came, both ways. */
  frames: number;
  /** Caller to agent, agent to caller, and both of one call added up. */
  up: Float32Array;
  down: Float32Array;
  both: Float32Array;
  /** How late frames were sent. */
  late: Float32Array;
  /** Share of the time in which this process was busy: above MOST_BUSY nothing that it measured is worth anything. */
  busy: number;
}

export const MOST_BUSY = 0.9;

export interface Totals {
  sent: number;
  lost: number;
  reordered: number;
  /** Calls whose carrier socket was closed on them. */
  broken: number;
}

export type OpenCarrier = (call: number, heard: (call: number, number: number) => void, lost: (call: number) => void) => Promise<CarrierLeg>;

export interface Load {
  agentPort: number;
  /** Adds calls until there are so many, and waits until all of them talk. */
  grow(calls: number, open: OpenCarrier, everyMs?: number): Promise<void>;
  measure(seconds: number): Promise<Measured>;
  /** Stops talking, waits for what is on its way, hangs up. */
  finish(): Promise<Totals>;
}

interface Call { carrier: CarrierLeg; agent: AgentLeg | undefined; up: number; down: number; upTook: number | undefined }

/** Phones are answered one after the other: this is not about ringing, and a process that has just started is slow. */
const OPEN_EVERY_MS = 4;
const TALKING_WITHIN_MS = 10_000;
const CHAT_EVERY_MS = 4000;
/** Frames that make whole chunks of 40 and of 60 ms: what waits for a chunk to be full is not lost, and would be counted so. */
const WHOLE_CHUNKS = 6;
/** What is on its way when nobody talks any more has arrived by then. */
const LAST_MS = 1000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => {
  setTimeout(resolve, ms);
});

export const startLoad = async (): Promise<Load> => {
  const calls: Call[] = [];
  const early = new Map<number, AgentLeg>();
  const up = tally();
  const down = tally();
  const both = samplesOf();
  const late = samplesOf();
  let broken = 0;
  let talking = true;

  const heardByAgent = (call: number, number: number): void => {
    const took = up.came(call, number, performance.now());
    if (calls[call]) calls[call].upTook = took;
  };
  const heardByCaller = (call: number, number: number): void => {
    const took = down.came(call, number, performance.now());
    const upTook = calls[call]?.upTook;
    if (upTook !== undefined) both.add(took + upTook);
  };
  const agents = await startAgents({
    met: (call, leg) => {
      if (calls[call]) calls[call].agent = leg;
      else early.set(call, leg);
    },
    heard: heardByAgent,
  });

  const say = (i: number, call: Call, now: number): void => {
    call.carrier.speak(call.up, now);
    up.sent(i, call.up++, performance.now());
  };
  const speak = (slot: number, now: number): void => {
    for (let i = slot % FRAME_MS; i < calls.length; i += FRAME_MS) {
      say(i, calls[i]!, now);
    }
    // The agent's voice is half a frame off the caller's.
    for (let i = (slot + FRAME_MS / 2) % FRAME_MS; i < calls.length; i += FRAME_MS) {
      const call = calls[i]!;
      if (!call.agent) continue;
      call.agent.speak(call.down);
      down.sent(i, call.down++, performance.now());
      if (call.down % (CHAT_EVERY_MS / FRAME_MS) === 0) call.agent.chat();
    }
  };
  // A slot a millisecond; one that is late is made up for.
  const began = performance.now();
  let slots = 0;
  const tick = (): void => {
    if (!talking) return;
    const now = performance.now();
    while (slots <= now - began) {
      late.add(now - began - slots);
      speak(slots++, now);
    }
    setTimeout(tick, 1);
  };
  tick();

  return {
    agentPort: agents.port,
    grow: async (wanted, open, everyMs = OPEN_EVERY_MS) => {
      for (let call = calls.length; call < wanted; call++) {
        const carrier = await open(call, heardByCaller, () => {
          broken++;
        });
        calls[call] = { carrier, agent: early.get(call), up: 0, down: 0, upTook: undefined };
        await pause(everyMs);
      }
      const latest = performance.now() + TALKING_WITHIN_MS;
      while (calls.some(({ agent }) => !agent)) {
        if (performance.now() > latest) throw new Error(`after ${TALKING_WITHIN_MS / 1000} s, ${calls.filter(({ agent }) => !agent).length} of ${wanted} calls had not reached their agent`);
        await pause(50);
      }
    },
    measure: async (seconds) => {
      for (const part of [up, down, both, late]) part.restart();
      const before = { at: performance.now(), busy: performance.eventLoopUtilization(), frames: up.counts.came + down.counts.came };
      await pause(1000 * seconds);
      const frames = up.counts.came + down.counts.came - before.frames;
      const { utilization } = performance.eventLoopUtilization(before.busy);
      return { seconds: (performance.now() - before.at) / 1000, frames, busy: utilization, up: up.samples(), down: down.samples(), both: both.sorted(), late: late.sorted() };
    },
    finish: async () => {
      talking = false;
      const now = performance.now();
      for (const [i, call] of calls.entries()) while (call.up % WHOLE_CHUNKS !== 0) say(i, call, now);
      await pause(LAST_MS);
      const sent = up.counts.sent + down.counts.sent;
      const totals = { sent, lost: sent - up.counts.came - down.counts.came, reordered: up.counts.reordered + down.counts.reordered, broken };
      for (const { carrier } of calls) carrier.stop();
      agents.stop();
      return totals;
    },
  };
};
