// Called by the lead's pane: what a reader can do to the lead that is open, each with its question, and what came of it in words.
import type { AttemptView, Lead, Outcome } from '../api.ts';
import { element } from '../element.ts';
import { thisReader } from '../when.ts';
import type { ConsoleApi } from './api.ts';
import { erasedInWords, erasureInWords, plannedInWords } from './deed-words.ts';
import { askErasure } from './erasure.ts';
import { moveAttempt } from './move-attempt.ts';
import type { Notices } from './notices.ts';
import { putQuestion } from './question.ts';
import { saveJson } from './save.ts';
import { askRelease } from './suppression-questions.ts';
import { refusalInWords } from './undertake.ts';
import { maskPhone } from './words.ts';

export interface LeadDeeds {
  end: (callId: string) => void;
  retry: (lead: Lead) => void;
  suppress: (lead: Lead) => void;
  release: (lead: Lead) => void;
  save: (lead: Lead) => void;
  erase: (lead: Lead) => void;
  move: (lead: Lead, attempt: AttemptView) => void;
  cancel: (attempt: AttemptView, number: number) => void;
}

export interface DeedParts {
  api: ConsoleApi;
  notices: Notices;
  home: HTMLElement;
  /** The lead that is open was erased. */
  erased: () => void;
  /** Something has changed at the server: what is shown of it is asked for again. */
  changed: () => void;
}

const paragraph = (text: string): HTMLElement => element('p', {}, text);

export const leadDeeds = ({ api, notices, home, erased: gone, changed }: DeedParts): LeadDeeds => {
  const about = { home, aside: notices.fault };
  const told = (text: string) => (): void => {
    notices.news(text);
    changed();
  };
  /** Leads of which something is being asked, by what: a second click asks nothing. */
  const underWay = new Set<string>();
  /** What a click does at once. */
  const atOnce = async <T>(key: string, act: () => Promise<Outcome<T>>, failed: string, unsure: string, done: (value: T) => void): Promise<void> => {
    if (underWay.has(key)) return;
    underWay.add(key);
    notices.clear();
    const outcome = await act();
    underWay.delete(key);
    const refusal = refusalInWords(outcome, { failed, unsure });
    if (refusal) notices.fault(refusal.general);
    else if (outcome.kind === 'ok') done(outcome.value);
    changed();
  };

  return {
    end: (callId) => putQuestion({
      ...about, title: 'End this call?', body: [paragraph('The line goes dead at once, in the middle of a sentence if need be.')], keep: 'Keep talking', go: 'End the call', danger: true,
      act: () => api.endCall(callId), failed: 'The call was not ended.', unsure: 'whether the call was ended. See its status below.', done: told('The call is being ended.'),
    }),
    retry: (lead) => void atOnce(`retry-${lead.leadId}`, () => api.retry(lead.leadId), 'They are not called now.', 'whether they are called now. See the attempts below.', ({ state, dueAt, reason }) =>
      notices.news(state === 'ready' ? 'The call is on its way.' : `Not now. ${plannedInWords(dueAt, reason, lead, thisReader())}`)),
    suppress: (lead) => putQuestion({
      ...about, title: 'Call them no more?', keep: 'Leave it', go: 'Do not call', danger: true,
      body: [paragraph(`${lead.name ?? 'Whoever has this number'} (${maskPhone(lead.phone)}) is not called again, for this enquiry or any other: what is planned is cancelled, and a phone that rings now falls silent. A call that was answered goes on.`),
        paragraph('Under Suppressions the number can be taken off the list again.')],
      act: () => api.suppressLead(lead.leadId), failed: 'The number was not put on the list.', unsure: 'whether the number is on the list. See below.', done: told('The number is on the list of those that are not called.'),
    }),
    release: (lead) => { if (lead.suppression) askRelease({ api, ...about, phone: lead.phone, suppression: lead.suppression, done: told('The number is off the list.') }); },
    save: (lead) => void atOnce(`save-${lead.leadId}`, () => api.exportLead(lead.leadId), 'Nothing was exported.', 'whether there is anything to export. Please try again.', (person) => {
      saveJson(`ringback-export-${lead.leadId}.json`, person);
      notices.news('Everything that is kept about this person was saved as a file. The activity says that it was.');
    }),
    erase: (lead) => askErasure({
      ...about, title: 'Erase this lead?', goes: erasureInWords(lead),
      stays: 'Other enquiries from the same number stay; under One person everything behind a number is erased.',
      act: () => api.eraseLead(lead.leadId), done: ({ erased }) => {
        gone();
        told(erasedInWords(erased))();
      },
    }),
    move: (lead, attempt) => moveAttempt({ api, ...about, lead, attempt, done: ({ dueAt, reason }) => told(plannedInWords(dueAt, reason, lead, thisReader()))() }),
    cancel: (attempt, number) => putQuestion({
      ...about, title: `Cancel attempt ${number}?`, keep: 'Keep it', go: 'Cancel the attempt', danger: true,
      body: [paragraph('They are not called, and the plan makes no other attempt in its place. They can still be called again by hand.')],
      act: () => api.cancel(attempt.attemptId), failed: 'The attempt was not cancelled.', unsure: 'whether the attempt was cancelled. See it below.', done: told(`Attempt ${number} is cancelled.`),
    }),
  };
};
