// Called by the lead's deeds: asks when a planned attempt should be made, on whose clock, and moves it there.
import type { AttemptView, Lead } from '../api.ts';
import { element, say } from '../element.ts';
import { thisReader } from '../when.ts';
import type { ChangedAttempt, ConsoleApi } from './api.ts';
import { theirZone } from './deed-words.ts';
import { field, typed } from './field.ts';
import { putQuestion } from './question.ts';
import { dayAndTime, instantAt, wallTime } from './zoned.ts';

export interface Move {
  api: ConsoleApi;
  home: HTMLElement;
  aside: (text: string) => void;
  lead: Lead;
  attempt: AttemptView;
  done: (moved: ChangedAttempt) => void;
}

const faults = { unreadable: 'Enter a day and a time.', skipped: 'There is no such time on that day: clocks are put forward over it.' };

export const moveAttempt = ({ api, home, aside, lead, attempt, done }: Move): void => {
  const reader = thisReader();
  const theirs = theirZone(lead) ?? reader.timeZone;
  const time = field('move-at', { name: 'at', called: 'The time', label: 'Day and time', input: element('input', { type: 'datetime-local', required: true, step: '60' }) });
  const choice = element('select', {}, element('option', { value: theirs }, `theirs (${theirs})`), element('option', { value: reader.timeZone }, `mine (${reader.timeZone})`));
  const clock = field('move-zone', { name: 'zone', called: 'The zone', label: 'On whose clock', input: choice });
  const means = element('p', { class: 'hint', role: 'status' });
  const oneClock = theirs === reader.timeZone;

  const wanted = () => instantAt(typed(time), choice.value);
  const tell = (): void => {
    const at = wanted();
    const on = (zone: string): string => (at instanceof Date ? dayAndTime(at, reader.locale, zone) : '');
    say(means, !(at instanceof Date) ? '' : oneClock ? `${on(theirs)}, ${theirZone(lead) ? 'their time and yours' : 'your time'} (${theirs}).` : `For them, ${on(theirs)}; for you, ${on(reader.timeZone)}.`);
  };
  if (attempt.dueAt) time.input.value = wallTime(new Date(attempt.dueAt), theirs);
  time.input.addEventListener('input', tell);
  choice.addEventListener('change', tell);
  tell();
  putQuestion({
    home, aside, title: 'Move this attempt', keep: 'Leave it', go: 'Move it', fields: [time],
    body: [element('p', {}, 'They are called at this time, or at the first moment after it that is within calling hours where they are.'), time.row, oneClock ? null : clock.row, means],
    check: () => { const at = wanted(); return at instanceof Date ? null : { at: time, says: faults[at] }; },
    act: () => api.reschedule(attempt.attemptId, (wanted() as Date).toISOString()),
    done, failed: 'The attempt was not moved.', unsure: 'whether the attempt was moved. See when it is due.',
  });
};
