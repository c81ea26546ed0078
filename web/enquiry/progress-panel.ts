// Called by the enquiry page once an enquiry is in: asks how it goes until it is over, and shows it.
import { askProgress } from '../api.ts';
import { element, part, say } from '../element.ts';
import { afterFailuresMs, poll, type Poll } from '../poll.ts';
import { thisReader } from '../when.ts';
import { nextQuestionMs, progressView, steps, type ProgressView, type StepState } from './progress.ts';

const spoken: Readonly<Record<StepState, string>> = { done: 'done', current: 'now', stopped: 'stopped here', ahead: '' };

const showSteps = (states: StepState[]): void => {
  part('steps', HTMLOListElement).replaceChildren(...steps.map((label, index) => {
    const state = states[index] ?? 'ahead';
    return element('li', { class: `step ${state}`, 'aria-current': state === 'current' ? 'step' : null },
      element('span', { class: 'dot', 'aria-hidden': 'true' }), element('span', { class: 'step-label' }, label),
      spoken[state] ? element('span', { class: 'unseen' }, `, ${spoken[state]}`) : null);
  }));
};

const show = (view: ProgressView): void => {
  const panel = part('progress', HTMLElement);
  const states = view.steps.join(' ');
  if (panel.dataset['steps'] !== states) { showSteps(view.steps); panel.dataset['steps'] = states; }
  panel.dataset['tone'] = view.tone;
  say(part('progress-headline', HTMLElement), view.headline);
  say(part('progress-detail', HTMLElement), view.detail ?? '');
  part('again', HTMLButtonElement).hidden = !view.final && view.tone !== 'waiting';
};

const note = (text: string): void => say(part('progress-note', HTMLElement), text);

/**
 * Shows the panel for this lead and keeps it true; it opens with `headline` until the server has said how things stand.
 * `lost` is called when the server no longer knows the lead.
 */
export const watchProgress = (leadId: string, headline: string, lost: () => void): Poll => {
  let failures = 0;
  let lastState = '';
  let changedAt = Date.now();
  part('progress', HTMLElement).hidden = false;
  show({ steps: ['current', 'ahead', 'ahead', 'ahead', 'ahead'], headline, detail: null, final: false, tone: 'busy' });

  return poll(async (signal) => {
    const outcome = await askProgress(leadId, signal);
    if (signal.aborted) return null;
    if (outcome.kind === 'problem' && (outcome.problem.status === 404 || outcome.problem.status === 410)) { lost(); return null; }
    if (outcome.kind !== 'ok') {
      failures += 1;
      // One lost question is nobody's concern; the call goes on without this page.
      if (failures > 1) note('We cannot reach the server right now. Your call does not depend on this page; we keep trying.');
      const asked = outcome.kind === 'problem' ? outcome.problem.retryAfterSeconds : null;
      return Math.max(afterFailuresMs(failures), (asked ?? 0) * 1000);
    }
    failures = 0;
    note('');
    const { status, callStatus } = outcome.value;
    const state = `${status} ${callStatus}`;
    if (state !== lastState) { lastState = state; changedAt = Date.now(); }
    show(progressView(outcome.value, new Date(), thisReader()));
    return nextQuestionMs(outcome.value, Date.now() - changedAt, new Date());
  });
};
