// What every part of /api shares: its dependencies, the shape of a row of the table, and how ids, pages, numbers and bodies are read.
import type { EraseDeps } from '#calls/erase-lead.ts';
import { VisibleError } from '#calls/errors.ts';
import type { Forgetter } from '#calls/forget.ts';
import { readPhone } from '#calls/phone.ts';
import type { AuditEntry, AuditTrail, CallStore, Carrier, StatsStore, SwitchStore } from '#calls/ports.ts';
import type { RecordDeps } from '#calls/record-event.ts';
import type { RetryDeps } from '#calls/retry-lead.ts';
import type { HttpAnswer, HttpRequest } from '#house/http.ts';
import { readBody } from '#house/http.ts';
import type { Log } from '#house/log.ts';
import type { OutboxApiDeps } from './api-outbox.ts';

/** What a composition root gives. */
export interface ApiDeps extends RecordDeps, OutboxApiDeps, Omit<RetryDeps, 'onQueueFailure'>, Pick<EraseDeps, 'erasures'> {
  clock: RecordDeps['clock'];
  calls: CallStore;
  audit: AuditTrail;
  stats: StatsStore;
  switches: SwitchStore;
  carriers: Partial<Record<string, Carrier>>;
  /** Who deletes what is kept at outside services, by `service#kind`. */
  forgetters: Partial<Record<string, Forgetter>>;
  /** Undefined in AWS, where the gateway's authorizer stands in front. */
  adminToken: string | undefined;
  log: Log;
}

/** What the stories get: the same, and where they tell of what could not be done at once. */
export type ApiParts = ApiDeps & Pick<RetryDeps, 'onQueueFailure'> & Pick<EraseDeps, 'onHangUpFailure' | 'onForgetFailure'>;

/** `id`: what the path names. `by`: who asks, as the audit trail says it. */
export type Story = (deps: ApiParts, request: HttpRequest, id: string, by: string) => Promise<HttpAnswer>;

export interface ApiRoute {
  method: string;
  path: RegExp;
  story: Story;
}

const PAGE = 50;
const MOST = 200;

export const notFound = (what: string, field: string): VisibleError => new VisibleError('not-found', `no-such-${what}`, `There is no such ${what}.`, { fields: [{ field, message: `names no ${what}` }] });

const limitOf = (request: HttpRequest): number => {
  const text = request.query.get('limit');
  if (text === null) return PAGE;
  if (!/^\d{1,3}$/.test(text) || Number(text) < 1 || Number(text) > MOST) throw new VisibleError('invalid', 'limit-invalid', `limit must be a whole number from 1 to ${MOST}.`, { fields: [{ field: 'limit', message: `must be a whole number from 1 to ${MOST}` }] });
  return Number(text);
};
export const page = (request: HttpRequest): { limit: number; cursor?: string } => ({ limit: limitOf(request), ...(request.query.get('cursor') ? { cursor: request.query.get('cursor')! } : {}) });

/** A number in E.164. A + that was not percent-encoded in a query arrives as a space. Throws VisibleError naming `phone`. */
export const phoneOf = (text: unknown): string => {
  const read = typeof text === 'string' ? readPhone(text.replace(/^ (?=\d)/, '+')) : { fault: 'missing', message: 'is needed: a number in international form, such as +12025550123' };
  if ('fault' in read) throw new VisibleError('invalid', 'phone-invalid', `phone ${read.message}`, { fields: [{ field: 'phone', message: read.message }] });
  return read.phone;
};

/** The body as an object; an empty one where nothing was sent. */
export const bodyOf = (request: HttpRequest): Record<string, unknown> => {
  if (request.body.length === 0) return {};
  const { body } = readBody(request);
  if (body === null || typeof body !== 'object' || Array.isArray(body)) throw new VisibleError('invalid', 'body-not-an-object', 'The body must be a JSON object.', { fields: [{ field: 'body', message: 'must be a JSON object' }] });
  return body as Record<string, unknown>;
};

export const noted = (deps: ApiParts, by: string, action: AuditEntry['action'], leadId: string | null, facts: AuditEntry['facts'] = {}): Promise<void> =>
  deps.audit.note({ at: deps.clock.now().toISOString(), by, action, leadId, facts });
