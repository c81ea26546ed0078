// Called by the console's board: the numbers of today and of seven days, asked for when they are looked at and not again by themselves:
// an answer reads every lead and call of its days.
import { element, part, say, type Child } from '../element.ts';
import { latency, shortStamp, thisReader } from '../when.ts';
import type { ConsoleApi, Spread, Stats } from './api.ts';
import type { Connection } from './connection.ts';
import type { Notices } from './notices.ts';
import { refusalInWords } from './undertake.ts';

const spreadInWords = ({ count, median, p95 }: Spread): string => (median === null ? 'none' : `${latency(median)}, 95 of 100 within ${latency(p95 ?? median)} (of ${count})`);

type Row = [name: string, tell: (stats: Stats) => string, kind: 'head' | 'part'];
const parts = (pick: (stats: Stats) => Record<string, number>, ...all: Stats[]): Row[] =>
  [...new Set(all.flatMap((stats) => Object.keys(pick(stats))))].sort().map((name): Row => [name, (stats) => String(pick(stats)[name] ?? 0), 'part']);

const rowsOf = (...all: Stats[]): Row[] => [
  ['Enquiries', ({ leads }) => String(leads.total), 'head'], ...parts(({ leads }) => leads.byStatus, ...all),
  ['What they came to', () => '', 'head'], ...parts(({ leads }) => leads.byDisposition, ...all),
  ['Calls that ended', ({ calls }) => String(calls.total), 'head'], ...parts(({ calls }) => calls.byStatus, ...all),
  ['Why talks ended', () => '', 'head'], ...parts(({ calls }) => calls.byEndReason, ...all),
  ['How fast', () => '', 'head'],
  ['enquiry to dial', (stats) => spreadInWords(stats.latency.enquiryToDialMs), 'part'], ['answer to first audio', (stats) => spreadInWords(stats.latency.answerToFirstAudioMs), 'part'], ['reply', (stats) => spreadInWords(stats.latency.turnMs), 'part'],
];

const cell = (label: string, child: Child): HTMLElement => element('td', { role: 'cell', 'data-label': label }, child);
const midnight = (): string => new Date(new Date().setHours(0, 0, 0, 0)).toISOString();

export interface Figures { now: () => void; stop: () => void }

/** `seen`: somebody looks at them; asked once each time they come into sight. */
export const figuresView = (api: ConsoleApi, connection: Connection, notices: Notices): Figures => {
  const ended = new AbortController();
  const rows = part('figure-rows', HTMLElement);
  const again = part('figures-again', HTMLButtonElement);
  let asking = false;

  const draw = (today: Stats, week: Stats): void => {
    rows.replaceChildren(...rowsOf(today, week).map(([name, tell, kind]) => element('tr', { role: 'row', class: kind },
      element('th', { role: 'rowheader', scope: 'row' }, name), cell('Today', tell(today)), cell('Seven days', tell(week)))));
    say(part('figures-note', HTMLElement), `As of ${shortStamp(new Date().toISOString(), thisReader())}. Today began at midnight where you are; erased leads are not counted.${
      week.truncated ? ' There was more than one answer reads: the newest 10,000 leads and calls are counted.' : ''}`);
  };
  const now = async (): Promise<void> => {
    if (asking || ended.signal.aborted) return;
    asking = true;
    again.setAttribute('aria-disabled', 'true');
    const [today, week] = await Promise.all([api.stats(midnight(), ended.signal), api.stats(null, ended.signal)]);
    asking = false;
    again.removeAttribute('aria-disabled');
    if (ended.signal.aborted) return;
    if (today.kind === 'ok' && week.kind === 'ok') { draw(today.value, week.value); return; }
    const wrong = today.kind === 'ok' ? week : today;
    connection.paceOf(wrong, 'figures', 0);
    connection.forget('figures');
    notices.fault(refusalInWords(wrong, { failed: 'The figures could not be read.', unsure: 'what they are. Please try again.' })?.general ?? '');
  };
  again.addEventListener('click', () => void now(), { signal: ended.signal });
  return { now: () => void now(), stop: () => { ended.abort(); rows.replaceChildren(); } };
};
