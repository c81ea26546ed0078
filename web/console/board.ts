// Called by the console for a token that was accepted: the live list and the open lead, asked for while somebody looks.
import type { ConsoleApi, LeadPage, Outcome } from '../api.ts';
import { part, say } from '../element.ts';
import { afterFailuresMs, poll, type Poll } from '../poll.ts';
import { isRefusal } from './door.ts';
import { showLead } from './lead.ts';
import { showLeads } from './list.ts';
import { leadInHash } from './words.ts';

const EVERY_MS = 1500;

export interface Board { close(): void }

/** `refused` is called when the server no longer takes the token. */
export const openBoard = (api: ConsoleApi, refused: () => void): Board => {
  const ended = new AbortController();
  const { signal } = ended;
  const status = part('status', HTMLSelectElement);
  const newer = part('newer', HTMLButtonElement);
  const older = part('older', HTMLButtonElement);
  const pane = part('detail', HTMLElement);
  /** The cursors of the pages before this one, and of this one; null is the first page's. */
  let trail: (string | null)[] = [null];
  let next: string | null = null;
  let page: LeadPage | undefined;
  let openId: string | null = null;
  const failures = { list: 0, lead: 0 };

  const pulse = (): void => {
    const lost = failures.list + failures.lead > 0;
    part('pulse', HTMLElement).dataset['lost'] = String(lost);
    say(part('pulse', HTMLElement), lost ? 'No connection; trying again' : 'Live');
  };
  /** The pause after this answer; a refusal ends everything. */
  const paceOf = (outcome: Outcome<unknown>, which: 'list' | 'lead'): number | null => {
    if (outcome.kind === 'problem' && isRefusal(outcome.problem)) { refused(); return null; }
    failures[which] = outcome.kind === 'ok' ? 0 : failures[which] + 1;
    pulse();
    if (outcome.kind === 'ok') return EVERY_MS;
    const asked = outcome.kind === 'problem' ? outcome.problem.retryAfterSeconds : null;
    return Math.max(EVERY_MS, afterFailuresMs(failures[which]), (asked ?? 0) * 1000);
  };
  const unseen = (): boolean => document.visibilityState !== 'visible';

  const draw = (): void => {
    if (page) showLeads(page, openId, status.value !== '');
    newer.disabled = trail.length === 1;
    older.disabled = next === null;
    say(part('page-number', HTMLElement), `Page ${trail.length}`);
  };

  const list = poll(async (stopped) => {
    if (unseen()) return null;
    const asked = { status: status.value, cursor: trail.at(-1) ?? null };
    const outcome = await api.leads(asked, stopped);
    if (stopped.aborted) return null;
    // An answer to what was asked before the reader turned the page is nobody's.
    const stale = asked.status !== status.value || asked.cursor !== (trail.at(-1) ?? null);
    if (outcome.kind === 'ok' && !stale) {
      page = outcome.value;
      next = page.cursor ?? null;
      draw();
    }
    return paceOf(outcome, 'list');
  });

  const turnTo = (newTrail: (string | null)[]): void => {
    trail = newTrail;
    next = null;
    newer.disabled = true;
    older.disabled = true;
    list.now();
  };
  status.addEventListener('change', () => turnTo([null]), { signal });
  older.addEventListener('click', () => { if (next !== null) turnTo([...trail, next]); }, { signal });
  newer.addEventListener('click', () => turnTo(trail.length > 1 ? trail.slice(0, -1) : [null]), { signal });

  let lead: Poll | undefined;
  const fault = (text: string): void => say(part('detail-fault', HTMLElement), text);

  const endCall = (callId: string): void => {
    const dialog = part('confirm-end', HTMLDialogElement);
    dialog.returnValue = 'keep';
    dialog.addEventListener('close', () => {
      if (dialog.returnValue !== 'end') return;
      void (async () => {
        const outcome = await api.endCall(callId);
        if (outcome.kind === 'problem') fault(`The call was not ended. ${outcome.problem.detail || outcome.problem.title}`);
        else fault(outcome.kind === 'ok' ? '' : 'We could not reach the server, and do not know whether the call was ended. See its status below.');
        lead?.now();
      })();
    }, { once: true, signal });
    dialog.showModal();
  };

  const openLead = (leadId: string): Poll => poll(async (stopped) => {
    if (unseen()) return null;
    const outcome = await api.lead(leadId, stopped);
    if (stopped.aborted) return null;
    if (outcome.kind === 'ok') {
      showLead(part('lead', HTMLElement), outcome.value, endCall);
      return paceOf(outcome, 'lead');
    }
    if (outcome.kind === 'problem' && outcome.problem.status === 404) { fault('There is no such lead (any more).'); return null; }
    return paceOf(outcome, 'lead');
  });

  const follow = (): void => {
    const wanted = leadInHash(window.location.hash);
    if (wanted === openId) return;
    const closed = openId;
    lead?.stop();
    openId = wanted;
    failures.lead = 0;
    fault('');
    part('lead', HTMLElement).replaceChildren();
    part('board', HTMLElement).classList.toggle('open', wanted !== null);
    pane.hidden = wanted === null;
    draw();
    lead = wanted === null ? undefined : openLead(wanted);
    if (wanted !== null) pane.focus();
    else document.querySelector<HTMLElement>(`[data-keep="open-${closed}"]`)?.focus();
  };
  window.addEventListener('hashchange', follow, { signal });
  document.addEventListener('visibilitychange', () => { list.now(); lead?.now(); }, { signal });
  follow();

  return {
    close: () => {
      ended.abort();
      list.stop();
      lead?.stop();
      part('confirm-end', HTMLDialogElement).close('keep');
      part('rows', HTMLElement).replaceChildren();
      part('lead', HTMLElement).replaceChildren();
    },
  };
};
