// Called by the console's lists: one page of a list that is read newest first by cursors, asked for again and again while somebody looks.
import type { Outcome } from '../api.ts';
import { element, part, say } from '../element.ts';
import { poll } from '../poll.ts';
import type { Connection } from './connection.ts';

export interface PagedList<P extends { cursor: string | null }> {
  /** Of the list: `leads`; the element `<name>-paging` is where its buttons go. */
  name: string;
  everyMs: number;
  ask: (cursor: string | null, signal: AbortSignal) => Promise<Outcome<P>>;
  /** Anything else than the cursor that the question depends on: an answer to another one is nobody's. */
  asked?: () => string;
  draw: (page: P) => void;
  /** False while the list is not in sight. */
  seen: () => boolean;
  connection: Connection;
}

export interface Pages {
  /** Asks at once. */
  now: () => void;
  /** Goes to the newest page. */
  first: () => void;
  stop: () => void;
}

export const pagesOf = <P extends { cursor: string | null }>({ name, everyMs, ask, asked = () => '', draw, seen, connection }: PagedList<P>): Pages => {
  const newer = element('button', { class: 'quiet', type: 'button', disabled: true }, 'Newer');
  const older = element('button', { class: 'quiet', type: 'button', disabled: true }, 'Older');
  const number = element('p');
  part(`${name}-paging`, HTMLElement).replaceChildren(newer, number, older);
  /** The cursors of the pages before this one, and of this one; null is the first page's. */
  let trail: (string | null)[] = [null];
  let next: string | null = null;

  const list = poll(async (stopped) => {
    if (!seen()) return null;
    const question = JSON.stringify([trail.at(-1), asked()]);
    const outcome = await ask(trail.at(-1) ?? null, stopped);
    if (stopped.aborted) return null;
    // An answer to what was asked before the reader turned the page is nobody's.
    if (outcome.kind === 'ok' && question === JSON.stringify([trail.at(-1), asked()])) {
      next = outcome.value.cursor ?? null;
      newer.disabled = trail.length === 1;
      older.disabled = next === null;
      say(number, `Page ${trail.length}`);
      draw(outcome.value);
    }
    return connection.paceOf(outcome, name, everyMs);
  });
  const turnTo = (to: (string | null)[]): void => {
    trail = to;
    next = null;
    newer.disabled = true;
    older.disabled = true;
    say(number, `Page ${trail.length}`);
    list.now();
  };
  older.addEventListener('click', () => { if (next !== null) turnTo([...trail, next]); });
  newer.addEventListener('click', () => turnTo(trail.length > 1 ? trail.slice(0, -1) : [null]));
  return { now: () => list.now(), first: () => turnTo([null]), stop: () => list.stop() };
};
