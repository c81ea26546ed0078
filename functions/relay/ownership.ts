// Which task talks with which connection. The first to see a start frame claims it by a conditional write; the others ask once who that was
// and pass on what reaches them. When the owner does not answer, whoever has the next frame takes the call over. Made by gateway.ts.
import type { Log } from '#house/log.ts';
import type { Fleet } from './fleet.ts';
import { gatewayConnection, type ConnectionDeps, type GatewayConnection } from './gateway-connection.ts';
import type { CarriedStream, ConnectionStore, Owner, Task } from './gateway-ports.ts';
import { ownerSearch, type Asked, type Search } from './owner-search.ts';
import type { ForwardedFrame } from './peers.ts';

export interface Ownership {
  /** A frame from API Gateway. */
  arrived(frame: ForwardedFrame): void;
  /** A frame that a peer holds to be ours. */
  forwarded(frame: ForwardedFrame): void;
  /** That task does not answer any more: its connections have nobody until their next frame. */
  lost(task: Task): void;
  /** Closes at API Gateway what shows no start in time. */
  expect(connectionId: string): void;
  /** This task goes: each call, at a pause or after `graceMs`, is given to another task that goes on with it. Those for which there is none stay. */
  handOver(graceMs: number): Promise<void>;
  close(): Promise<void>;
}

export interface OwnershipDeps extends ConnectionDeps {
  store: ConnectionStore;
  own: Task;
  fleet: Fleet;
  send: (to: Task, frame: ForwardedFrame) => void;
  /** The task that holds an agent for a call which is about to stream (ringing.ts). */
  holderOf?: ((callSid: string) => Task | undefined) | undefined;
  log: Log;
}

interface Mine { is: 'mine'; connection: GatewayConnection; owner: Owner }
/** `at`: when a frame came last; whether the carrier is gone is told to one task only. `askedMs`: when the register said so. */
interface Peers { is: 'peers'; owner: Owner; at: number; askedMs: number; lost: boolean }
type Entry = Asked | Mine | Peers | { is: 'over'; at: number };

/** A connection that is over and still brings frames after so long was not closed: API Gateway limits closes as it does posts. */
const STILL_OPEN_MS = 1000;
/** A connection that is over, or that nothing came for, is forgotten after so long. */
const REMEMBERED_MS = 60_000;
const SWEEP_MS = 10_000;
/** Connections that may be waited with for a start at once. */
const MOST_EXPECTED = 1000;
/** A peer that passes a frame on knows something newer than what we learnt longer ago than this. */
const STALE_MS = 1000;
/** A pause of the agent's is looked for so often. */
const PAUSE_LOOK_MS = 100;
/** Owners whose frames are missing look so often whether they still are. */
const LOOK_MS = 1000;

export const ownership = (deps: OwnershipDeps): Ownership => {
  const { store, own, fleet, options, metrics, ms, log, posts } = deps;
  const entries = new Map<string, Entry>();
  const closing = new Set<Promise<void>>();
  const expected = new Set<NodeJS.Timeout>();
  const search = ownerSearch(deps);
  let stopped = false;

  const settleLater = (work: Promise<void>): void => {
    closing.add(work);
    void work.finally(() => closing.delete(work));
  };
  const drop = (connectionId: string): void => {
    entries.set(connectionId, { is: 'over', at: ms() });
    settleLater(posts.drop(connectionId).catch((error: unknown) => log.warn('a connection could not be closed at API Gateway', { error })));
  };
  const end = (connectionId: string, why: string): void => {
    drop(connectionId);
    metrics.countBy('streams_closed', why);
    log.warn('a connection was closed: no task carries it', { why });
  };
  /** A frame for a connection that is over. */
  const late = ({ connectionId, event }: ForwardedFrame, { at }: { at: number }): void => {
    metrics.count('frames_dropped');
    if (event !== '$disconnect' && ms() - at >= STILL_OPEN_MS) drop(connectionId);
  };
  const carry = async (connectionId: string, owner: Owner, stream: CarriedStream): Promise<void> => {
    try {
      if (!await store.carry(connectionId, owner, stream)) await look(connectionId);
    } catch (error) {
      log.error('what a connection carries could not be noted: no other task could take it over', { callId: stream.callId, error });
    }
  };
  const mine = (connectionId: string, owner: Owner): GatewayConnection => {
    const connection = gatewayConnection(connectionId, deps, {
      closing: settleLater,
      carries: (stream) => {
        // A stream that was taken over is noted already.
        if (owner.epoch === 0) settleLater(carry(connectionId, owner, stream));
      },
      gone: () => {
        const entry = entries.get(connectionId);
        if (entry?.is === 'mine' && entry.connection === connection) entries.set(connectionId, { is: 'over', at: ms() });
      },
    }, owner.epoch > 0 && owner.stream ? { stream: owner.stream, takeovers: owner.epoch } : undefined);
    entries.set(connectionId, { is: 'mine', connection, owner });
    return connection;
  };
  const settle = (connectionId: string, held: ForwardedFrame[], owner: Owner): void => {
    if (owner.task === own.task) {
      const connection = mine(connectionId, owner);
      for (const { event, body } of held) connection.frame(event, body);
      return;
    }
    // The task that was at our address before us is no more.
    if (owner.address === own.address) return replace(connectionId, owner, held);
    entries.set(connectionId, { is: 'peers', owner, at: ms(), askedMs: ms(), lost: false });
    for (const frame of held) deps.send(owner, frame);
  };
  const ask = (connectionId: string, held: ForwardedFrame[], started: boolean, find: Search['find'], nobody: Search['nobody']): void => {
    const entry = search.begin(held, started, {
      // A connection that may well have an owner is not closed because the register is out of reach.
      find, nobody, unknown: () => void entries.delete(connectionId), wanted: (asking) => !stopped && entries.get(connectionId) === asking, found: (owner, asking) => settle(connectionId, asking.held, owner),
    });
    if (entry) entries.set(connectionId, entry);
  };
  /** Who should have a stream that begins: whoever holds an agent for its call, if anybody does and takes it. Nothing is given out here: its ticket is still to be shown. */
  const claimant = async (held: ForwardedFrame[]): Promise<Task> => {
    const body = held.find(({ event }) => event === 'start')?.body;
    const start = body && deps.codecs.map((codec) => codec.read(body)).find((read) => read.event === 'start');
    const holder = start && deps.holderOf?.(start.callSid);
    return holder && await fleet.takes(holder) ? holder : fleet.claimant();
  };
  const findOut = (frame: ForwardedFrame): void => {
    const { connectionId } = frame;
    ask(connectionId, [frame], frame.event === 'start', async ({ started, held }) => (started ? store.claim(connectionId, await claimant(held)) : store.owner(connectionId)), ({ held }) => {
      // Its start did not reach anybody, and does not come again. After its end there is nothing to be closed.
      if (held.some(({ event }) => event !== '$disconnect')) end(connectionId, 'owner-unknown');
      else entries.set(connectionId, { is: 'over', at: ms() });
    });
  };
  /** The owner does not answer. What it carried is read anew: it was not known yet when we asked first. */
  const replace = (connectionId: string, dead: Owner, held: ForwardedFrame[]): void => {
    metrics.count('owners_lost');
    ask(connectionId, held, true, async () => {
      const now = await store.owner(connectionId);
      if (!now?.stream || now.task !== dead.task) return now?.task === dead.task ? undefined : now;
      return store.takeOver(connectionId, now, await fleet.claimant());
    }, () => end(connectionId, 'owner-lost'));
  };
  /** Whether a connection that is ours still is; another task that took us for dead has it now. */
  const look = async (connectionId: string): Promise<void> => {
    const owner = await store.owner(connectionId);
    const entry = entries.get(connectionId);
    if (stopped || entry?.is !== 'mine' || !owner || (owner.task === own.task && owner.epoch === entry.owner.epoch)) return;
    log.warn('another task has taken a connection over', { task: owner.task });
    entries.set(connectionId, { is: 'peers', owner, at: ms(), askedMs: ms(), lost: false });
    await entry.connection.handOver();
  };
  const give = async (connectionId: string, entry: Mine, graceMs: number): Promise<void> => {
    const { connection } = entry;
    const until = ms() + graceMs;
    while (connection.speaking() && ms() < until) await new Promise((resolve) => { setTimeout(resolve, PAUSE_LOOK_MS); });
    const to = await fleet.successor();
    if (!to || entries.get(connectionId) !== entry) return;
    const held: Asked = { is: 'asked', held: [], started: true, wake: () => {} };
    entries.set(connectionId, held);
    if (!await connection.handOver()) {
      // It is coming to its end here.
      entries.set(connectionId, entry);
      for (const { event, body } of held.held) connection.frame(event, body);
      return;
    }
    let owner: Owner | undefined;
    try {
      owner = await store.takeOver(connectionId, entry.owner, to);
    } catch (error) {
      log.error('a call could not be handed over', { error });
    }
    if (!owner) return end(connectionId, 'owner-lost');
    metrics.count('calls_handed_over');
    settle(connectionId, held.held, owner);
  };
  const each = async (what: string, work: (connectionId: string, entry: Mine) => Promise<void>): Promise<void> => {
    const ours = [...entries].filter((pair): pair is [string, Mine] => pair[1].is === 'mine');
    await Promise.all(ours.map(([id, entry]) => work(id, entry).catch((error: unknown) => log.error(what, { error }))));
  };
  const sweep = setInterval(() => {
    const before = ms() - REMEMBERED_MS;
    for (const [connectionId, entry] of entries) if ('at' in entry && entry.at < before) entries.delete(connectionId);
  }, SWEEP_MS);
  const looking = setInterval(() => void each('the owner of a connection could not be found out', async (id, { connection }) => {
    if (connection.missesFrames()) await look(id);
  }), LOOK_MS);

  return {
    lost: (task) => {
      fleet.lost(task);
      for (const entry of entries.values()) if (entry.is === 'peers' && entry.owner.task === task.task) entry.lost = true;
    },
    arrived: (frame) => {
      const entry = entries.get(frame.connectionId);
      // Not worth a question: it says nothing that a stream needs, and the start is right behind it.
      if (!entry) return frame.event === 'connected' ? undefined : findOut(frame);
      switch (entry.is) {
        case 'mine': return entry.connection.frame(frame.event, frame.body);
        case 'peers':
          entry.at = ms();
          if (!entry.lost) return deps.send(entry.owner, frame);
          // Nobody is there to be talked with any more.
          if (frame.event === '$disconnect') return void entries.set(frame.connectionId, { is: 'over', at: ms() });
          return replace(frame.connectionId, entry.owner, [frame]);
        case 'over': return late(frame, entry);
        case 'asked': return search.hold(entry, frame);
      }
    },
    forwarded: (frame) => {
      const entry = entries.get(frame.connectionId);
      if (!entry && frame.event !== 'start') return findOut(frame);
      if (!entry || (entry.is === 'asked' && frame.event === 'start')) {
        // Claimed for us by the peer that saw the start.
        const connection = mine(frame.connectionId, { ...own, epoch: 0 });
        for (const held of entry?.held ?? []) connection.frame(held.event, held.body);
        return connection.frame(frame.event, frame.body);
      }
      if (entry.is === 'mine') return entry.connection.frame(frame.event, frame.body);
      if (entry.is === 'over') return late(frame, entry);
      if (entry.is === 'peers') return ms() - entry.askedMs > STALE_MS ? findOut(frame) : deps.send(entry.owner, frame);
      search.hold(entry, frame);
    },
    expect: (connectionId) => {
      if (expected.size >= MOST_EXPECTED) return;
      const lookForStart = async (): Promise<void> => {
        const known = entries.get(connectionId)?.is;
        if (stopped || known === 'mine' || known === 'peers' || await store.owner(connectionId)) return;
        metrics.countBy('streams_refused', 'no-ticket-in-time');
        end(connectionId, 'no-ticket-in-time');
      };
      const timer = setTimeout(() => {
        expected.delete(timer);
        lookForStart().catch((error: unknown) => log.error('the owner of a connection could not be found out', { error }));
      }, options.ticketMs);
      expected.add(timer);
    },
    handOver: (graceMs) => each('a call could not be handed over', (id, entry) => give(id, entry, graceMs)),
    close: async () => {
      stopped = true;
      clearInterval(sweep);
      clearInterval(looking);
      for (const timer of expected) clearTimeout(timer);
      for (const entry of entries.values()) {
        if (entry.is === 'asked') entry.wake();
        if (entry.is === 'mine') entry.connection.stop();
      }
      await Promise.all(closing);
    },
  };
};
