// Called where a number can be taken off the list of those that are not called: the question, which says what that means.
import { element } from '../element.ts';
import type { ConsoleApi, ListedSuppression, Suppression } from './api.ts';
import { reasonInWords } from './deed-words.ts';
import { phoneField, typed } from './field.ts';
import { putQuestion } from './question.ts';
import { maskPhone } from './words.ts';

export interface Release {
  api: ConsoleApi;
  home: HTMLElement;
  aside: (text: string) => void;
  suppression: Suppression | ListedSuppression;
  /** Null where it was erased: the reader has to know it. */
  phone: string | null;
  done: (phone: string) => void;
}

export const askRelease = ({ api, home, aside, suppression, phone, done }: Release): void => {
  const number = phone === null ? phoneField('release-phone', 'The number', 'In international form. It was erased, so only whoever knows it can take it off.') : null;
  const words = suppression.reason === 'opt-out'
    ? 'They said themselves that they want no more calls. The enquiry on which they said so stays closed; another one of theirs may be called.'
    : `It is not called because ${reasonInWords(suppression.reason)}. Off the list, the number may be called again where its consent, the hours and the caps allow it. What was cancelled is not planned again by itself.`;
  putQuestion({
    home, aside, title: phone === null ? 'Take this number off the list?' : `Take ${maskPhone(phone)} off the list?`, body: [element('p', {}, words), number?.row ?? null], fields: number ? [number] : [],
    keep: 'Leave it there', go: 'Take it off', danger: true,
    check: () => (number && !typed(number) ? { at: number, says: 'Enter the number.' } : null),
    act: async () => {
      const outcome = await api.unsuppress(phone ?? typed(number!));
      return outcome.kind === 'ok' ? { kind: 'ok', value: phone ?? typed(number!) } : outcome;
    },
    done, failed: 'The number was not taken off.', unsure: 'whether the number is off the list. See the list.',
  });
};
