// Called by the console's views: what came of what the reader did, said once, where it stays in sight until it is dismissed.
import { element, part, say } from '../element.ts';

export interface Notices {
  news: (text: string) => void;
  fault: (text: string) => void;
  clear: () => void;
}

/** In the page's own element for them, which holds nothing else. */
export const noticesOf = (): Notices => {
  const place = part('notices', HTMLElement);
  const fault = element('p', { class: 'fault', role: 'alert' });
  const news = element('p', { role: 'status' });
  const dismiss = element('button', { class: 'small', type: 'button' }, 'Dismiss');
  const show = (good: string, bad: string): void => {
    say(news, good);
    say(fault, bad);
    place.classList.toggle('told', good !== '' || bad !== '');
    place.classList.toggle('bad', bad !== '');
  };
  const notices = { news: (text: string) => show(text, ''), fault: (text: string) => show('', text), clear: () => show('', '') };
  dismiss.addEventListener('click', () => {
    notices.clear();
    part('main', HTMLElement).focus();
  });
  place.replaceChildren(fault, news, dismiss);
  return notices;
};
