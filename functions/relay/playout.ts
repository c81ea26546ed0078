// The arithmetic of what a carrier was handed and what the caller has heard: pure, without sockets, timers or clock. Used by outbound.ts.
//
// Positions count bytes handed over since the stream began. A carrier plays in real time and echoes a mark when everything before
// it was played; after a clear it echoes all pending marks at once, which says nothing about hearing. Names carry the generation
// (`g<generation>:m<number>`), so that echoes of cleared marks are known when they come back.

export interface PlayoutOptions {
  bytesPerMs: number;
  /** An echo that is later than this is taken for lost, so that a carrier that forgets marks does not end the talk. */
  lostEchoMs: number;
  /** Of the first marks: another bridge may have sent marks on the same stream before. */
  firstGeneration?: number;
}

export type Echo = 'heard' | 'cleared' | 'unknown';

export interface Playout {
  /** Audio went out. `now` in ms, of any origin, never going back; the same clock everywhere. */
  handed(bytes: number, now: number): void;
  /** Names the point after everything handed so far. */
  mark(): string;
  echoed(name: string, now: number): Echo;
  /** The carrier was told to drop what it holds. Returns the position up to which the caller heard, as well as can be known. */
  clear(now: number): number;
  /** Bytes handed over that the caller may not have heard yet. */
  aheadBytes(now: number): number;
  /** Position certainly heard, by marks. */
  heardBytes(): number;
  /** Position heard by now: by marks, and between two marks by the clock; by the clock alone while no echo has ever come. */
  heardBy(now: number): number;
  /** Time until everything handed over will have been played, by the clock as corrected by marks. */
  remainingMs(now: number): number;
  handedBytes(): number;
  pendingMarks(): number;
  /** By how much the last echo that was heard came later than the clock expected; negative when it was earlier. */
  lastEchoLateMs(): number;
}

interface Pending {
  name: string;
  position: number;
}

/** Names of cleared marks that have not come back; more are forgotten, oldest first, and then count as unknown. */
const MOST_CLEARED = 500;

export const playout = ({ bytesPerMs, lostEchoMs, firstGeneration = 0 }: PlayoutOptions): Playout => {
  let generation = firstGeneration;
  let number = 0;
  let handed = 0;
  /** Nothing before this position is outstanding: heard by mark, or dropped by a clear. */
  let settled = 0;
  let heard = 0;
  /** When, by the clock, the last byte handed over will have been played. */
  let playsUntil = -Infinity;
  let pending: Pending[] = [];
  let late = 0;
  /** Whether this carrier's echoes arrive at all. */
  let echoes = false;
  const cleared = new Set<string>();

  /** Position that is being played at that time, if the carrier plays without pause. */
  const playedBy = (now: number): number => handed - Math.max(0, (playsUntil - now) * bytesPerMs);
  const clamp = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most);
  const heardBy = (now: number): number => (handed === settled ? heard : clamp(playedBy(now), settled, (echoes ? pending[0]?.position : undefined) ?? handed));

  return {
    handed: (bytes, now) => {
      handed += bytes;
      playsUntil = Math.max(playsUntil, now) + bytes / bytesPerMs;
    },
    mark: () => {
      const name = `g${generation}:m${++number}`;
      pending.push({ name, position: handed });
      return name;
    },
    echoed: (name, now) => {
      if (cleared.delete(name)) return 'cleared';
      const index = pending.findIndex((mark) => mark.name === name);
      if (index < 0) return 'unknown';
      // Marks come back in order: echoes before this one that did not come were lost.
      echoes = true;
      heard = Math.max(heard, pending[index]!.position);
      late = now - (playsUntil - (handed - heard) / bytesPerMs);
      settled = Math.max(settled, heard);
      pending = pending.slice(index + 1);
      playsUntil = now + (handed - settled) / bytesPerMs;
      return 'heard';
    },
    clear: (now) => {
      const until = Math.floor(heardBy(now));
      for (const { name } of pending) cleared.add(name);
      for (const name of cleared) {
        if (cleared.size <= MOST_CLEARED) break;
        cleared.delete(name);
      }
      pending = [];
      generation++;
      settled = handed;
      playsUntil = now;
      return until;
    },
    aheadBytes: (now) => Math.ceil(Math.max(0, handed - Math.max(settled, playedBy(now - lostEchoMs)))),
    heardBytes: () => heard,
    heardBy,
    remainingMs: (now) => (handed === settled ? 0 : Math.max(0, playsUntil - now)),
    handedBytes: () => handed,
    pendingMarks: () => pending.length,
    lastEchoLateMs: () => late,
  };
};
