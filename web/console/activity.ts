// Called by the console's board: what people did, newest first, as the audit trail tells it; nothing personal stands in it.
import { element, part, settle, type Child } from '../element.ts';
import type { AuditEntry, AuditPage, ConsoleApi } from './api.ts';
import type { Connection } from './connection.ts';
import { deedInWords, whoInWords } from './deed-words.ts';
import { pagesOf, type Pages } from './paged.ts';
import { time } from './pieces.ts';
import { thisReader } from '../when.ts';

const EVERY_MS = 5000;
const cell = (label: string, ...children: Child[]): HTMLElement => element('td', { role: 'cell', 'data-label': label }, ...children);

const row = (entry: AuditEntry): HTMLElement => {
  const { what, more } = deedInWords(entry, thisReader());
  return element('tr', { role: 'row' },
    cell('When', time(entry.at)), cell('Who', whoInWords(entry.by)), cell('What', element('strong', {}, what)),
    cell('Lead', entry.leadId === null ? element('span', { class: 'soft' }, 'none') : element('a', { href: `#/leads/${entry.leadId}`, 'data-keep': `activity-${entry.at}-${entry.leadId}` }, `…${entry.leadId.slice(-6)}`)),
    cell('More', more || element('span', { class: 'soft' }, 'none')));
};

export const activityList = (api: ConsoleApi, connection: Connection, seen: () => boolean): Pages => {
  const pages = pagesOf<AuditPage>({
    name: 'activity', everyMs: EVERY_MS, seen, connection, ask: (cursor, stopped) => api.trail(cursor, stopped),
    draw: ({ entries }) => {
      // Two deeds can share a moment: counted among those of their moment, a row keeps its key while others come above it.
      const seenAt = new Map<string, number>();
      settle(part('activity-rows', HTMLElement), entries.toReversed().map((entry) => {
        const number = (seenAt.get(entry.at) ?? 0) + 1;
        seenAt.set(entry.at, number);
        return { key: `${entry.at}-${number}`, version: JSON.stringify(entry), make: () => row(entry) };
      }).toReversed());
      part('no-activity', HTMLElement).hidden = entries.length > 0;
    },
  });
  return { ...pages, stop: () => { pages.stop(); part('activity-rows', HTMLElement).replaceChildren(); } };
};
