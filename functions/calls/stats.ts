// The numbers of a period: leads by status and disposition, calls by end reason, and how fast it all was. Used by the API. Pure but for the reads.
import { VisibleError } from './errors.ts';
import { readInstant } from './instants.ts';
import type { Clock, StatsStore } from './ports.ts';

const DAY_MS = 86_400_000;
const USUAL_DAYS = 7;
const MOST_DAYS = 92;
/** Leads and calls that one answer reads at most: about 20 MB. A busier period is asked for in parts. */
export const MOST_READ = 10_000;

export interface Spread {
  count: number;
  median: number | null;
  p95: number | null;
}

export interface Stats {
  from: string;
  to: string;
  leads: { total: number; byStatus: Record<string, number>; byDisposition: Record<string, number> };
  calls: { total: number; byDirection: Record<string, number>; byStatus: Record<string, number>; byEndReason: Record<string, number> };
  /** Milliseconds. */
  latency: { enquiryToDialMs: Spread; answerToFirstAudioMs: Spread; turnMs: Spread };
  /** True when there was more than one answer reads: the newest are counted. */
  truncated: boolean;
}

/** By nearest rank: of the values sorted, the one at which that share is reached. */
export const spread = (values: number[]): Spread => {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number | null => sorted[Math.ceil(sorted.length * share) - 1] ?? null;
  return { count: sorted.length, median: at(0.5), p95: at(0.95) };
};

const tally = (words: (string | null)[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const word of words) if (word !== null) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
};

const fault = (field: string, message: string): VisibleError => new VisibleError('invalid', 'period-invalid', `${field} ${message}.`, { fields: [{ field, message }] });

/** A day (2026-11-21) is read as its beginning, for `to` as its end; UTC. Defaults: the last seven days. Throws VisibleError. */
export const readPeriod = (from: string | null, to: string | null, now: Date): { from: string; to: string } => {
  const read = (field: string, text: string | null, otherwise: number, wholeDay: number): number => {
    if (text === null || text === '') return otherwise;
    const day = /^\d{4}-\d\d-\d\d$/.test(text);
    const time = readInstant(day ? `${text}T00:00:00Z` : text);
    if (time === undefined) throw fault(field, 'must be a day such as 2026-11-21, or a time with its zone such as 2026-11-21T15:30:00Z');
    return time + (day ? wholeDay : 0);
  };
  const end = read('to', to, now.getTime(), DAY_MS);
  const start = read('from', from, end - USUAL_DAYS * DAY_MS, 0);
  if (start >= end) throw fault('from', 'must be before to');
  if (end - start > MOST_DAYS * DAY_MS) throw fault('from', `must be at most ${MOST_DAYS} days before to`);
  return { from: new Date(start).toISOString(), to: new Date(end).toISOString() };
};

export const readStats = (deps: { stats: StatsStore; clock: Clock }) => async (fromText: string | null, toText: string | null): Promise<Stats> => {
  const { from, to } = readPeriod(fromText, toText, deps.clock.now());
  const [leads, calls] = await Promise.all([deps.stats.leadsBetween(from, to, MOST_READ), deps.stats.callsBetween(from, to, MOST_READ)]);
  return {
    from, to,
    leads: { total: leads.length, byStatus: tally(leads.map((l) => l.status)), byDisposition: tally(leads.map((l) => l.disposition)) },
    calls: {
      total: calls.length, byDirection: tally(calls.map((c) => c.direction)), byStatus: tally(calls.map((c) => c.status)), byEndReason: tally(calls.map((c) => c.endReason)),
    },
    latency: {
      enquiryToDialMs: spread(calls.flatMap((c) => c.latency.enquiryToDialMs ?? [])),
      answerToFirstAudioMs: spread(calls.flatMap((c) => c.latency.answerToFirstAudioMs ?? [])),
      turnMs: spread(calls.flatMap((c) => c.latency.turnMs)),
    },
    truncated: leads.length >= MOST_READ || calls.length >= MOST_READ,
  };
};
