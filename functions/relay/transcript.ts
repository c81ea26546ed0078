// The transcript as the call goes on: turns in the order in which they began, corrected to what the caller heard. One for each bridge.
import type { Turn } from '#calls/call.ts';
import type { Alignment } from '#agent/codec.ts';

export interface Transcript {
  callerSaid(text: string, eventId: number | null): void;
  agentSays(text: string, eventId: number | null): void;
  /** The agent's own word on what it said before it was cut short. */
  corrected(text: string, instead: string | null, eventId: number | null): void;
  /** Agent audio was queued from this position on. To be told of the first of an utterance, and of all that has an alignment. */
  spoke(position: number, alignment: Alignment | null): void;
  /** The caller talked over the agent, having heard up to `position` of what was queued up to `end`: the agent's turn is cut to that. */
  cutAt(position: number, end: number): void;
  /** Another conversation goes on with the talk: its event ids count anew, and its audio belongs to its own words. */
  restarted(): void;
  /** The turns so far, as they are kept. */
  readonly turns: readonly Turn[];
}

interface Written extends Turn {
  eventId: number | null;
}

/** The audio of one utterance: where it began, when each character is spoken. */
interface Utterance {
  start: number;
  chars: { char: string; atMs: number }[];
  turn: Written | undefined;
}

const MOST_TURNS = 2000;
const MOST_CHARS = 20_000;
/** Of one turn, in characters; nobody says more without a breath. */
const MOST_TEXT = 8000;

/** The part of the words that fits into the share that was heard, to the last whole word. */
const shareOf = (text: string, share: number): string => {
  const cut = text.slice(0, Math.floor(text.length * share));
  return text[cut.length] === undefined || text[cut.length] === ' ' ? cut.trim() : cut.slice(0, Math.max(0, cut.lastIndexOf(' '))).trim();
};

class KeptTranscript implements Transcript {
  readonly turns: Written[] = [];
  readonly #base: number;
  readonly #bytesPerMs: number;
  readonly #now: () => string;
  readonly #put: (turn: Turn) => void;
  #utterance: Utterance | undefined = undefined;
  /** The latest agent turn that no audio belongs to yet: the text may come before its audio or after it began. */
  #unvoiced: Written | undefined = undefined;

  constructor(base: number, bytesPerMs: number, now: () => string, put: (turn: Turn) => void) {
    this.#base = base;
    this.#bytesPerMs = bytesPerMs;
    this.#now = now;
    this.#put = put;
  }

  #keep({ index, role, text, at }: Written): void {
    this.#put({ index, role, text, at });
  }

  #write(role: Turn['role'], said: string, eventId: number | null): Written | undefined {
    const text = said.trim().slice(0, MOST_TEXT);
    const last = this.turns.at(-1);
    if (text === '' || this.turns.length >= MOST_TURNS) return undefined;
    // The same words for the same event are one turn said twice.
    if (last && last.role === role && last.text === text && last.eventId === eventId && eventId !== null) return last;
    const turn: Written = { index: this.#base + this.turns.length, role, text, at: this.#now(), eventId };
    this.turns.push(turn);
    this.#keep(turn);
    return turn;
  }

  #rewrite(turn: Written, text: string): void {
    if (turn.text === text) return;
    turn.text = text;
    this.#keep(turn);
  }

  callerSaid(text: string, eventId: number | null): void {
    this.#write('caller', text, eventId);
    this.#utterance = undefined;
  }

  agentSays(text: string, eventId: number | null): void {
    const turn = this.#write('agent', text, eventId);
    if (!turn) return;
    if (this.#utterance && !this.#utterance.turn) this.#utterance.turn = turn;
    else {
      this.#unvoiced = turn;
      this.#utterance = undefined;
    }
  }

  corrected(text: string, instead: string | null, eventId: number | null): void {
    const agents = this.turns.filter((turn) => turn.role === 'agent').toReversed();
    const turn = agents.find((t) => eventId !== null && t.eventId === eventId && (instead === null || t.text === instead.trim()))
      ?? agents.find((t) => instead !== null && t.text === instead.trim()) ?? agents.find((t) => eventId !== null && t.eventId === eventId) ?? agents[0];
    if (turn) this.#rewrite(turn, text.trim().slice(0, MOST_TEXT));
  }

  spoke(position: number, alignment: Alignment | null): void {
    const utterance = (this.#utterance ??= { start: position, chars: [], turn: this.#unvoiced });
    this.#unvoiced = undefined;
    if (!alignment || utterance.chars.length >= MOST_CHARS) return;
    const offset = (position - utterance.start) / this.#bytesPerMs;
    const chars = utterance.chars;
    alignment.chars.forEach((char, i) => chars.push({ char, atMs: offset + (alignment.startsMs[i] ?? 0) }));
  }

  cutAt(position: number, end: number): void {
    const cut = this.#utterance;
    this.#utterance = undefined;
    this.#unvoiced = undefined;
    // Without a text for this audio there is nothing to cut; the agent's own correction, if it sends one, is for all cases.
    if (!cut?.turn) return;
    const heardBytes = Math.max(0, position - cut.start);
    const bytes = end - cut.start;
    if (heardBytes >= bytes) return;
    const heardMs = heardBytes / this.#bytesPerMs;
    const heard = cut.chars.length > 0
      ? cut.chars.filter(({ atMs }) => atMs < heardMs).map(({ char }) => char).join('').trim()
      : shareOf(cut.turn.text, heardBytes / bytes);
    // A turn of which nothing was heard stays in its place.
    this.#rewrite(cut.turn, heard === '' ? '…' : heard);
  }

  restarted(): void {
    this.#utterance = undefined;
    this.#unvoiced = undefined;
    for (const turn of this.turns) turn.eventId = null;
  }
}

/** `base` is the index of the first turn; `put` keeps a turn, replacing the one with its index. */
export const transcript = (base: number, bytesPerMs: number, now: () => string, put: (turn: Turn) => void): Transcript =>
  new KeptTranscript(base, bytesPerMs, now, put);
