// Called by the console's board: the switch in the head of the page, which says whether anybody is called, and since when.
import { element, part, say } from '../element.ts';
import { poll } from '../poll.ts';
import { thisReader } from '../when.ts';
import type { ConsoleApi, DiallingPosition } from './api.ts';
import type { Connection } from './connection.ts';
import { counted, diallingInWords } from './deed-words.ts';
import type { Notices } from './notices.ts';
import { putQuestion } from './question.ts';

const EVERY_MS = 5000;

const off = [
  'Nobody is called from now on. Enquiries are still taken, and visitors are told that they are called later.',
  'Calls that come due are put off, not lost: they are placed when dialling is on again, within calling hours. Calls that ring or talk at this moment go on.',
];
const on = ['What was put off is called now, wherever hours and consent allow it, at the pace that the carriers take.'];

export interface Dialling { now: () => void; stop: () => void }

export const diallingSwitch = (api: ConsoleApi, connection: Connection, seen: () => boolean, notices: Notices, changed: () => void): Dialling => {
  const place = part('dialling', HTMLElement);
  const state = element('strong', { id: 'dialling-state' });
  const since = element('span', { class: 'soft' });
  const button = element('button', { class: 'small', type: 'button', id: 'dialling-turn', hidden: true });
  place.replaceChildren(element('p', { role: 'status' }, state, ' ', since), button);
  let position: DiallingPosition | undefined;

  const draw = (now: DiallingPosition): void => {
    position = now;
    const words = diallingInWords(now, thisReader());
    say(state, words.state);
    say(since, words.since);
    place.dataset['dialling'] = String(now.dialling && !now.policyKillSwitch);
    // While the policy says no, this switch has no say.
    button.hidden = now.policyKillSwitch;
    say(button, now.dialling ? 'Turn dialling off' : 'Turn dialling on');
  };
  const asking = poll(async (stopped) => {
    if (!seen()) return null;
    const outcome = await api.dialling(stopped);
    if (stopped.aborted) return null;
    if (outcome.kind === 'ok') draw(outcome.value);
    return connection.paceOf(outcome, 'dialling', EVERY_MS);
  });
  button.addEventListener('click', () => {
    const to = !(position?.dialling ?? true);
    putQuestion({
      home: button, aside: notices.fault, title: to ? 'Turn dialling on?' : 'Turn dialling off?', body: (to ? on : off).map((text) => element('p', {}, text)),
      keep: to ? 'Leave it off' : 'Leave it on', go: to ? 'Turn it on' : 'Turn it off', danger: !to,
      act: () => api.turnDialling(to), failed: 'Nothing was turned.', unsure: 'whether it was turned. The head of the page says how it stands.',
      done: (now) => {
        draw(now);
        notices.news(to ? `Dialling is on. ${now.broughtForward === 0 ? 'Nothing had been put off.' : `${counted(now.broughtForward, 'attempt that was put off goes', 'attempts that were put off go')} to the dialer now.`}` : 'Dialling is off. Nobody is called until it is turned on again.');
        changed();
      },
    });
  });
  return { now: () => asking.now(), stop: () => { asking.stop(); place.replaceChildren(); } };
};
