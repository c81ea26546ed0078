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

const clamp = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most);

/** A class, as are the other rooms that every frame passes through: one object is in fewer places of memory than closures and their variables. */
class CountingPlayout implements Playout {
  readonly #bytesPerMs: number;
  readonly #lostEchoMs: number;
  #generation: number;
  #number = 0;
  #handed = 0;
  /** Nothing before this position is outstanding: heard by mark, or dropped by a clear. */
  #settled = 0;
  #heard = 0;
  /** When, by the clock, the last byte handed over will have been played; undefined before the first. */
  #playsUntil: number | undefined = undefined;
  #pending: Pending[] = [];
  #late = 0;
  /** Whether this carrier's echoes arrive at all. */
  #echoes = false;
  readonly #cleared = new Set<string>();

  constructor({ bytesPerMs, lostEchoMs, firstGeneration = 0 }: PlayoutOptions) {
    this.#bytesPerMs = bytesPerMs;
    this.#lostEchoMs = lostEchoMs;
    this.#generation = firstGeneration;
  }

  /** Position that is being played at that time, if the carrier plays without pause. */
  #playedBy(now: number): number {
    return this.#handed - Math.max(0, ((this.#playsUntil ?? now) - now) * this.#bytesPerMs);
  }

  handed(bytes: number, now: number): void {
    this.#handed += bytes;
    this.#playsUntil = Math.max(this.#playsUntil ?? now, now) + bytes / this.#bytesPerMs;
  }

  mark(): string {
    const name = `g${this.#generation}:m${++this.#number}`;
    this.#pending.push({ name, position: this.#handed });
    return name;
  }

  echoed(name: string, now: number): Echo {
    if (this.#cleared.delete(name)) return 'cleared';
    const index = this.#pending.findIndex((mark) => mark.name === name);
    if (index < 0) return 'unknown';
    // Marks come back in order: echoes before this one that did not come were lost.
    this.#echoes = true;
    this.#heard = Math.max(this.#heard, this.#pending[index]!.position);
    this.#late = now - ((this.#playsUntil ?? now) - (this.#handed - this.#heard) / this.#bytesPerMs);
    this.#settled = Math.max(this.#settled, this.#heard);
    this.#pending = this.#pending.slice(index + 1);
    this.#playsUntil = now + (this.#handed - this.#settled) / this.#bytesPerMs;
    return 'heard';
  }

  clear(now: number): number {
    const until = Math.floor(this.heardBy(now));
    for (const { name } of this.#pending) this.#cleared.add(name);
    for (const name of this.#cleared) {
      if (this.#cleared.size <= MOST_CLEARED) break;
      this.#cleared.delete(name);
    }
    this.#pending = [];
    this.#generation++;
    this.#settled = this.#handed;
    this.#playsUntil = now;
    return until;
  }

  aheadBytes(now: number): number {
    return Math.ceil(Math.max(0, this.#handed - Math.max(this.#settled, this.#playedBy(now - this.#lostEchoMs))));
  }

  heardBytes(): number {
    return this.#heard;
  }

  heardBy(now: number): number {
    if (this.#handed === this.#settled) return this.#heard;
    return clamp(this.#playedBy(now), this.#settled, (this.#echoes ? this.#pending[0]?.position : undefined) ?? this.#handed);
  }

  remainingMs(now: number): number {
    return this.#handed === this.#settled ? 0 : Math.max(0, (this.#playsUntil ?? now) - now);
  }

  handedBytes(): number {
    return this.#handed;
  }

  pendingMarks(): number {
    return this.#pending.length;
  }

  lastEchoLateMs(): number {
    return this.#late;
  }
}

export const playout = (options: PlayoutOptions): Playout => new CountingPlayout(options);
