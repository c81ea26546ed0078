// The outbox page's module: behind the console's own door, outcomes on their way to the CRM, and a local stack's receiver.
import { element, part, say } from '../element.ts';
import { tabMemory } from '../memory.ts';
import { afterFailuresMs, poll } from '../poll.ts';
import { door, isRefusal, refusedToken, showDoor } from '../console/door.ts';
import type { Outcome } from '../api.ts';
import { outboxApi, type MessagePage } from './api.ts';
import { showMessages, showReceiver } from './views.ts';
import { messageStates } from './words.ts';

const EVERY_MS = 1500;
const memory = tabMemory();
let close = (): void => {};

const leave = (message: string): void => {
  close();
  memory.write('admin-token', null);
  part('rows', HTMLElement).replaceChildren();
  part('deliveries', HTMLElement).replaceChildren();
  showDoor(message);
};

const open = (token: string): void => {
  memory.write('admin-token', token);
  for (const [id, hidden] of [['door', true], ['board', false], ['session', false]] as const) part(id, HTMLElement).hidden = hidden;
  const api = outboxApi(token);
  const ended = new AbortController();
  const { signal } = ended;
  const state = part('state', HTMLSelectElement);
  const [newer, older] = [part('newer', HTMLButtonElement), part('older', HTMLButtonElement)];
  let trail: (string | null)[] = [null];
  let page: MessagePage | undefined;
  let failures = 0;
  const fault = (text: string): void => say(part('fault', HTMLElement), text);

  const again = async (id: string): Promise<void> => {
    const outcome = await api.replay(id);
    if (outcome.kind === 'problem') fault(`It was not sent again. ${outcome.problem.detail || outcome.problem.title}`);
    else fault(outcome.kind === 'ok' ? '' : 'We could not reach the server, and do not know whether it is sent again. See its state below.');
    list.now();
  };
  const draw = (): void => {
    if (page) showMessages(page.messages, state.value !== '', (id) => void again(id));
    newer.disabled = trail.length === 1;
    older.disabled = !page?.cursor;
    say(part('page-number', HTMLElement), `Page ${trail.length}`);
  };
  const paceOf = (outcome: Outcome<unknown>): number | null => {
    if (outcome.kind === 'problem' && isRefusal(outcome.problem)) { leave(refusedToken); return null; }
    failures = outcome.kind === 'ok' ? 0 : failures + 1;
    part('pulse', HTMLElement).dataset['lost'] = String(failures > 0);
    say(part('pulse', HTMLElement), failures > 0 ? 'No connection; trying again' : 'Live');
    return failures === 0 ? EVERY_MS : Math.max(EVERY_MS, afterFailuresMs(failures));
  };
  const unseen = (): boolean => document.visibilityState !== 'visible';

  const list = poll(async (stopped) => {
    if (unseen()) return null;
    const asked = { state: state.value, cursor: trail.at(-1) ?? null };
    const outcome = await api.messages(asked, stopped);
    if (stopped.aborted) return null;
    const stale = asked.state !== state.value || asked.cursor !== (trail.at(-1) ?? null);
    if (outcome.kind === 'ok' && !stale) { page = outcome.value; draw(); }
    return paceOf(outcome);
  });
  // Where there is no such receiver it is asked for once, and stays unseen.
  const receiver = poll(async (stopped) => {
    if (unseen()) return null;
    const outcome = await api.receiver(stopped);
    if (stopped.aborted || outcome.kind === 'problem') return null;
    if (outcome.kind === 'ok') showReceiver(outcome.value);
    return EVERY_MS;
  });

  const turnTo = (next: (string | null)[]): void => { trail = next; page = undefined; newer.disabled = true; older.disabled = true; list.now(); };
  state.addEventListener('change', () => turnTo([null]), { signal });
  older.addEventListener('click', () => { if (page?.cursor) turnTo([...trail, page.cursor]); }, { signal });
  newer.addEventListener('click', () => turnTo(trail.length > 1 ? trail.slice(0, -1) : [null]), { signal });
  part('manner', HTMLSelectElement).addEventListener('change', (event) => {
    void (async () => {
      await api.behave((event.target as HTMLSelectElement).value);
      receiver.now();
    })();
  }, { signal });
  document.addEventListener('visibilitychange', () => { list.now(); receiver.now(); }, { signal });
  close = () => { ended.abort(); list.stop(); receiver.stop(); };
};

part('state', HTMLSelectElement).append(...messageStates.map((state) => element('option', { value: state }, state)));
part('sign-out', HTMLButtonElement).addEventListener('click', () => leave(''));
door((token) => {
  open(token);
  part('main', HTMLElement).focus();
});

const kept = memory.read('admin-token');
if (kept) open(kept);
else showDoor('');
