// Called by both pages: makes elements from text that is never read as HTML, and keeps lists of them up to date in place.

export type Child = Node | string | null;

/** Attributes that are null or false are left out; true is an attribute without a value. Text becomes text, whatever is in it. */
export const element = <K extends keyof HTMLElementTagNameMap>(
  name: K, attributes: Readonly<Record<string, string | boolean | null>> = {}, ...children: Child[]
): HTMLElementTagNameMap[K] => {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) made.setAttribute(attribute, value === true ? '' : value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
};

/** The page's own element with this id. The markup and the module are one thing: a missing one is our mistake, and says so. */
export const part = <T extends HTMLElement>(id: string, kind: new () => T): T => {
  const found = document.querySelector(`#${id}`);
  if (!(found instanceof kind)) throw new Error(`the page lacks #${id}`);
  return found;
};

/** Changes nothing when it says so already: a live region would speak again. */
export const say = (target: Element, text: string): void => {
  if (target.textContent !== text) target.textContent = text;
};

export interface Piece {
  key: string;
  /** Made anew when this changes, and only then: what has not changed keeps its focus and its selection. */
  version: string;
  make: () => HTMLElement;
  /** Runs on the piece each time, new or kept. */
  update?: (kept: HTMLElement) => void;
}

const versions = new WeakMap<Element, string>();

/** Carries focus and opened details over to the piece's next version, by their data-keep names. */
const carryOver = (from: HTMLElement, to: HTMLElement): void => {
  for (const open of from.querySelectorAll<HTMLDetailsElement>('details[open][data-keep]')) {
    to.querySelector(`details[data-keep="${CSS.escape(open.dataset['keep'] ?? '')}"]`)?.setAttribute('open', '');
  }
};

/** Makes the children of `parent` be these pieces, in this order, touching as few as it can. */
export const settle = (parent: Element, pieces: readonly Piece[]): void => {
  const old = new Map([...parent.children].map((child) => [(child as HTMLElement).dataset['piece'] ?? '', child as HTMLElement]));
  const focused = document.activeElement instanceof HTMLElement && parent.contains(document.activeElement) ? document.activeElement : null;
  const focusName = focused?.dataset['keep'];

  let place: ChildNode | null = parent.firstChild;
  for (const { key, version, make, update } of pieces) {
    const before = old.get(key);
    let piece = before;
    if (!piece || versions.get(piece) !== version) {
      piece = make();
      piece.dataset['piece'] = key;
      versions.set(piece, version);
      if (before) {
        carryOver(before, piece);
        if (place === before) place = piece;
        before.replaceWith(piece);
      }
    }
    old.delete(key);
    if (piece === place) place = piece.nextSibling;
    else parent.insertBefore(piece, place);
    update?.(piece);
  }
  for (const gone of old.values()) gone.remove();
  if (focused && !focused.isConnected && focusName) parent.querySelector<HTMLElement>(`[data-keep="${CSS.escape(focusName)}"]`)?.focus();
};
