// The console's module: a door for who has no token, the board for who has one. The token lives as long as the tab.
import { consoleApi, type ConsoleApi } from '../api.ts';
import { element, part } from '../element.ts';
import { tabMemory } from '../memory.ts';
import { openBoard, type Board } from './board.ts';
import { door, refusedToken, showDoor } from './door.ts';
import { hideAll } from './pieces.ts';
import { leadStatuses } from './words.ts';

const memory = tabMemory();
let board: Board | undefined;

const leave = (message: string): void => {
  board?.close();
  board = undefined;
  memory.write('admin-token', null);
  hideAll();
  showDoor(message);
};

const enter = (token: string, api: ConsoleApi): void => {
  memory.write('admin-token', token);
  part('door', HTMLElement).hidden = true;
  part('board', HTMLElement).hidden = false;
  part('session', HTMLElement).hidden = false;
  board = openBoard(api, () => leave(refusedToken));
};

part('status', HTMLSelectElement).append(...leadStatuses.map((status) => element('option', { value: status }, status)));
part('sign-out', HTMLButtonElement).addEventListener('click', () => leave(''));
door((token, api) => {
  enter(token, api);
  part('main', HTMLElement).focus();
});

const kept = memory.read('admin-token');
if (kept) enter(kept, consoleApi(kept));
else showDoor('');
