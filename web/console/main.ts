// The console's module: a door for who has no token, the board for who has one. The token lives as long as the tab.
import { consoleApi, type ConsoleApi } from './api.ts';
import { element, part } from '../element.ts';
import { tabMemory } from '../memory.ts';
import { openBoard, type Board } from './board.ts';
import { door, refusedToken, showDoor, showSignIn } from './door.ts';
import { hideAll } from './pieces.ts';
import { findSignIn, type SignIn } from './sign-in.ts';
import { leadStatuses } from './words.ts';

const memory = tabMemory();
let board: Board | undefined;
let signIn: SignIn | null = null;

const leave = (message: string): void => {
  board?.close();
  board = undefined;
  memory.write('admin-token', null);
  signIn?.forget();
  hideAll();
  showDoor(message);
};

const enter = (token: string, api: ConsoleApi): void => {
  memory.write('admin-token', token);
  part('door', HTMLElement).hidden = true;
  part('board', HTMLElement).hidden = false;
  part('session', HTMLElement).hidden = false;
  board = openBoard(api, () => leave(signIn ? 'Your sign-in has ended. Please sign in again.' : refusedToken));
};

/** An access token of Cognito's holds for an hour: it is renewed when it is refused, and the question asked again. */
const apiFor = (token: string): ConsoleApi => {
  const { renew } = signIn ?? {};
  return consoleApi(token, renew && (async () => {
    const outcome = await renew();
    if (outcome.kind === 'ok') memory.write('admin-token', outcome.value);
    return outcome;
  }));
};

const start = async (): Promise<void> => {
  signIn = await findSignIn(memory);
  if (signIn) showSignIn(signIn.begin);
  const finished = await signIn?.finish(window.location.search);
  if (finished && 'fault' in finished) { showDoor(finished.fault); return; }
  const token = finished?.token ?? memory.read('admin-token');
  if (token) enter(token, apiFor(token));
  else showDoor('');
};

part('status', HTMLSelectElement).append(...leadStatuses.map((status) => element('option', { value: status }, status)));
part('sign-out', HTMLButtonElement).addEventListener('click', () => {
  leave('');
  if (signIn) window.location.assign(signIn.endAddress);
});
door((token, api) => {
  enter(token, api);
  part('main', HTMLElement).focus();
});
void start();
