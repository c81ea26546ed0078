// Which task talks with which connection. The first to see a start frame claims it by a conditional write; the others ask once who that was
// and pass on what reaches them. Made by gateway.ts.
import type { Log } from '#house/log.ts';
import { gatewayConnection, type ConnectionDeps, type GatewayConnection } from './gateway-connection.ts';
import type { ConnectionStore, Owner, Task } from './gateway-ports.ts';
import type { ForwardedFrame } from './peers.ts';

export interface Ownership {
  /** A frame from API Gateway. */
  arrived(frame: ForwardedFrame): void;
  /** A frame that a peer holds to be ours. */
  forwarded(frame: ForwardedFrame): void;
  /** That task does not answer any more: its connections have nobody. */
  lost(task: Task): void;
  /** Closes at API Gateway what shows no start in time. */
  expect(connectionId: string): void;
  close(): Promise<void>;
}

export interface OwnershipDeps extends ConnectionDeps {
  store: ConnectionStore;
  own: Task;
  /** Why this task should take no more calls, if so. */
  closedFor: () => string | undefined;
  send: (to: Task, frame: ForwardedFrame) => void;
  log: Log;
}

type Entry =
  | { is: 'asked'; held: ForwardedFrame[]; started: boolean; wake: () => void; owner?: undefined }
  | { is: 'mine'; connection: GatewayConnection; owner?: undefined }
  /** `at`: when a frame came last. Whether the carrier is gone is told to one task only. */
  | { is: 'peers'; owner: Owner; at: number }
  | { is: 'over'; at: number; owner?: undefined };

/** While nobody has claimed a connection, the register is asked again after this; its start comes a moment later. */
const ASK_AGAIN_MS = 100;
/** A connection that is over, or that nothing came for, is forgotten after so long. */
const REMEMBERED_MS = 60_000;
const SWEEP_MS = 10_000;
/** Connections that may wait for their owner's name at once. */
const MOST_ASKED = 1000;

export const ownership = (deps: OwnershipDeps): Ownership => {
  const { store, own, options, metrics, ms, log, posts } = deps;
  const entries = new Map<string, Entry>();
  const closing = new Set<Promise<void>>();
  const expected = new Set<NodeJS.Timeout>();
  let asked = 0;
  let stopped = false;

  const settleLater = (work: Promise<void>): void => {
    closing.add(work);
    void work.finally(() => closing.delete(work));
  };
  const end = (connectionId: string, why: string): void => {
    entries.set(connectionId, { is: 'over', at: ms() });
    metrics.countBy('streams_closed', why);
    log.warn('a connection was closed: no task carries it', { why });
    settleLater(posts.drop(connectionId).catch((error: unknown) => log.warn('a connection could not be closed at API Gateway', { error })));
  };
  const mine = (connectionId: string): GatewayConnection => {
    const connection = gatewayConnection(connectionId, deps, {
      closing: settleLater,
      gone: () => void entries.set(connectionId, { is: 'over', at: ms() }),
    });
    entries.set(connectionId, { is: 'mine', connection });
    return connection;
  };
  /** Not ourselves when we are full or about to go, if another has room. */
  const claimant = async (): Promise<Task> => {
    if (!deps.closedFor()) return own;
    const others = (await store.tasks()).filter((task) => task.task !== own.task && !task.draining && task.active < task.capacity);
    return others.toSorted((a, b) => a.active / a.capacity - b.active / b.capacity)[0] ?? own;
  };
  const settle = (connectionId: string, held: ForwardedFrame[], owner: Owner): void => {
    if (owner.task === own.task) {
      const connection = mine(connectionId);
      for (const { event, body } of held) connection.frame(event, body);
      return;
    }
    entries.set(connectionId, { is: 'peers', owner, at: ms() });
    // The task that was at our address before us is no more.
    if (owner.address === own.address) return lost(owner);
    for (const frame of held) deps.send(owner, frame);
  };
  const ask = async (connectionId: string, entry: Extract<Entry, { is: 'asked' }>): Promise<void> => {
    const began = ms();
    for (;;) {
      let owner: Owner | undefined;
      try {
        owner = entry.started ? await store.claim(connectionId, await claimant()) : await store.owner(connectionId);
      } catch (error) {
        log.error('the owner of a connection could not be found out', { error });
      }
      // A peer may have told us meanwhile.
      if (stopped || entries.get(connectionId) !== entry) return;
      if (owner) return settle(connectionId, entry.held, owner);
      if (ms() - began >= options.ownerMs) {
        metrics.count('frames_unowned', entry.held.length);
        // Without a start it may be what is left of a call that is over.
        if (entry.started) return end(connectionId, 'owner-unknown');
        entries.set(connectionId, { is: 'over', at: ms() });
        return;
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ASK_AGAIN_MS);
        entry.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  const hold = (frame: ForwardedFrame): void => {
    // Not worth a question: it says nothing that a stream needs, and the start is right behind it.
    if (frame.event === 'connected') return;
    if (asked >= MOST_ASKED) return metrics.count('frames_unowned');
    const entry: Entry = { is: 'asked', held: [frame], started: frame.event === 'start', wake: () => {} };
    entries.set(frame.connectionId, entry);
    asked++;
    void ask(frame.connectionId, entry).catch((error: unknown) => log.error('a connection found no owner', { error })).finally(() => {
      asked--;
    });
  };
  const lost = (task: Task): void => {
    for (const [connectionId, { owner }] of entries) {
      if (owner?.task !== task.task) continue;
      metrics.count('owners_lost');
      end(connectionId, 'owner-lost');
    }
  };
  const sweep = setInterval(() => {
    const before = ms() - REMEMBERED_MS;
    for (const [connectionId, entry] of entries) if ('at' in entry && entry.at < before) entries.delete(connectionId);
  }, SWEEP_MS);

  return {
    lost,
    arrived: (frame) => {
      const entry = entries.get(frame.connectionId);
      if (!entry) return hold(frame);
      switch (entry.is) {
        case 'mine': return entry.connection.frame(frame.event, frame.body);
        case 'peers':
          entry.at = ms();
          return deps.send(entry.owner, frame);
        case 'over': return;
        case 'asked': {
          if (entry.held.length >= options.mostFramesHeld) return metrics.count('frames_unowned');
          entry.held.push(frame);
          if (frame.event !== 'start') return;
          entry.started = true;
          entry.wake();
        }
      }
    },
    forwarded: ({ connectionId, event, body }) => {
      const entry = entries.get(connectionId);
      if (entry?.is === 'mine') return entry.connection.frame(event, body);
      if (entry?.is === 'over' || entry?.is === 'peers') return metrics.count('frames_dropped');
      const connection = mine(connectionId);
      for (const held of entry?.held ?? []) connection.frame(held.event, held.body);
      connection.frame(event, body);
    },
    expect: (connectionId) => {
      if (expected.size >= MOST_ASKED) return;
      const look = async (): Promise<void> => {
        if (stopped || entries.has(connectionId) || await store.owner(connectionId)) return;
        metrics.countBy('streams_refused', 'no-ticket-in-time');
        end(connectionId, 'no-ticket-in-time');
      };
      const timer = setTimeout(() => {
        expected.delete(timer);
        look().catch((error: unknown) => log.error('the owner of a connection could not be found out', { error }));
      }, options.ticketMs);
      expected.add(timer);
    },
    close: async () => {
      stopped = true;
      clearInterval(sweep);
      for (const timer of expected) clearTimeout(timer);
      for (const entry of entries.values()) {
        if (entry.is === 'asked') entry.wake();
        if (entry.is === 'mine') entry.connection.stop();
      }
      await Promise.all(closing);
    },
  };
};
