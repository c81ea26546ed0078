// Finds out who owns a connection, and holds what comes for it meanwhile. Used by ownership.ts.
import type { Log } from '#house/log.ts';
import type { Owner } from './gateway-ports.ts';
import type { Metrics } from './metrics.ts';
import type { RelayOptions } from './options.ts';
import type { ForwardedFrame } from './peers.ts';

/** A connection whose owner is being asked for. `started`: its start frame is among what is held, so that it may be claimed. */
export interface Asked {
  is: 'asked';
  held: ForwardedFrame[];
  started: boolean;
  /** Asks again at once: something came that may change the answer. */
  wake: () => void;
}

export interface Search {
  /** Undefined while nobody owns it; what it throws is told, and it is asked again. */
  find: (entry: Asked) => Promise<Owner | undefined>;
  /** Whether the answer still matters. */
  wanted: (entry: Asked) => boolean;
  found: (owner: Owner, entry: Asked) => void;
  nobody: (entry: Asked) => void;
  /** The register did not answer: who owns it is not known, and another frame may ask anew. */
  unknown: (entry: Asked) => void;
}

export interface OwnerSearch {
  /** Undefined when too many are being asked for. Nothing of `search` but `find` is called before this returns. */
  begin(held: ForwardedFrame[], started: boolean, search: Search): Asked | undefined;
  hold(entry: Asked, frame: ForwardedFrame): void;
}

/** While nobody has claimed a connection, the register is asked again after this; its start comes a moment later. */
const ASK_AGAIN_MS = 100;
/** Connections that may wait for their owner's name at once. */
const MOST_ASKED = 1000;

export const ownerSearch = ({ options, metrics, ms, log }: { options: Pick<RelayOptions, 'ownerMs' | 'mostFramesHeld'>; metrics: Metrics; ms: () => number; log: Log }): OwnerSearch => {
  let asked = 0;
  const run = async (entry: Asked, { find, wanted, found, nobody, unknown }: Search): Promise<void> => {
    const began = ms();
    for (;;) {
      let owner: Owner | undefined;
      let answered = true;
      try {
        owner = await find(entry);
      } catch (error) {
        answered = false;
        log.error('the owner of a connection could not be found out', { error });
      }
      if (!wanted(entry)) return;
      if (owner) return found(owner, entry);
      if (ms() - began >= options.ownerMs) {
        metrics.count('frames_unowned', entry.held.length);
        return answered ? nobody(entry) : unknown(entry);
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
  return {
    begin: (held, started, search) => {
      if (asked >= MOST_ASKED) {
        metrics.count('frames_unowned', held.length);
        return undefined;
      }
      const entry: Asked = { is: 'asked', held, started, wake: () => {} };
      asked++;
      // Not awaited: frames go on coming.
      void run(entry, search).catch((error: unknown) => log.error('a connection found no owner', { error })).finally(() => {
        asked--;
      });
      return entry;
    },
    hold: (entry, frame) => {
      if (entry.held.length >= options.mostFramesHeld) return metrics.count('frames_unowned');
      entry.held.push(frame);
      if (frame.event !== 'start') return;
      entry.started = true;
      entry.wake();
    },
  };
};
