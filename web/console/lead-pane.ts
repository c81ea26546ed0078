// Called by the console's board with the id of the lead to show, and without one: the open lead, live, and what can be done to it.
import { part } from '../element.ts';
import { poll, type Poll } from '../poll.ts';
import type { ConsoleApi } from './api.ts';
import type { Connection } from './connection.ts';
import { showLead } from './lead.ts';
import { leadDeeds } from './lead-deeds.ts';
import type { Notices } from './notices.ts';

const EVERY_MS = 1500;

export interface LeadPane {
  /** Null shuts it. */
  show: (leadId: string | null) => void;
  now: () => void;
  stop: () => void;
}

/** `changed`: the reader did something that a list may show, too. */
export const leadPane = (api: ConsoleApi, connection: Connection, notices: Notices, seen: () => boolean, changed: () => void): LeadPane => {
  const pane = part('detail', HTMLElement);
  const place = part('lead', HTMLElement);
  let lead: Poll | undefined;
  const deeds = leadDeeds({ api, notices, home: pane, erased: () => shut(), changed: () => { lead?.now(); changed(); } });

  /** Nothing of a lead that is no more may stay in sight. */
  const shut = (): void => {
    lead?.stop();
    lead = undefined;
    const within = place.contains(document.activeElement);
    place.replaceChildren();
    if (within) pane.focus();
  };

  const open = (leadId: string): Poll => poll(async (stopped) => {
    if (!seen()) return null;
    const outcome = await api.lead(leadId, stopped);
    if (stopped.aborted) return null;
    if (outcome.kind === 'ok') {
      const within = place.contains(document.activeElement);
      showLead(place, outcome.value, deeds);
      // A button that went with what it was for takes the focus along.
      if (within && !place.contains(document.activeElement)) pane.focus();
    } else if (outcome.kind === 'problem' && outcome.problem.status === 404) {
      notices.fault('There is no such lead (any more).');
      shut();
      return null;
    }
    return connection.paceOf(outcome, 'lead', EVERY_MS);
  });

  return {
    show: (leadId) => {
      lead?.stop();
      connection.forget('lead');
      place.replaceChildren();
      pane.hidden = leadId === null;
      lead = leadId === null ? undefined : open(leadId);
    },
    now: () => lead?.now(),
    stop: () => { lead?.stop(); place.replaceChildren(); },
  };
};
