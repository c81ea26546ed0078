// Called by the console's board: the live list of leads, by status, page by page.
import { part } from '../element.ts';
import type { ConsoleApi } from './api.ts';
import type { Connection } from './connection.ts';
import type { LeadPage } from '../api.ts';
import { showLeads } from './list.ts';
import { pagesOf, type Pages } from './paged.ts';

const EVERY_MS = 1500;

export interface LeadList extends Pages {
  /** Marks the lead that is open. */
  mark: (leadId: string | null) => void;
}

export const leadList = (api: ConsoleApi, connection: Connection, seen: () => boolean, signal: AbortSignal): LeadList => {
  const status = part('status', HTMLSelectElement);
  let page: LeadPage | undefined;
  let openId: string | null = null;
  const draw = (): void => { if (page) showLeads(page, openId, status.value !== ''); };
  const pages = pagesOf<LeadPage>({
    name: 'leads', everyMs: EVERY_MS, seen, connection, asked: () => status.value, ask: (cursor, stopped) => api.leads({ status: status.value, cursor }, stopped),
    draw: (shown) => { page = shown; draw(); },
  });
  status.addEventListener('change', pages.first, { signal });
  return {
    ...pages,
    mark: (leadId) => { openId = leadId; draw(); },
    stop: () => { pages.stop(); part('rows', HTMLElement).replaceChildren(); },
  };
};
