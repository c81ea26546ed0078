// Hosted by the local gateway: a receiving end for outcomes, as a CRM would have one, to try deliveries with. It checks the signature by the
// Standard Webhooks specification on its own, keeps the latest deliveries in memory, and misbehaves on request.
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Route } from '../gateway/routes.ts';

/** How it answers deliveries that are signed well: as a good endpoint, or as one in some kind of trouble. */
export const manners = ['ok', '500', '410', '429', 'redirect', 'slow'] as const;
export type Manner = (typeof manners)[number];

export interface Delivery {
  at: string;
  id: string | null;
  /** Why it was refused; null when the signature is good. */
  fault: string | null;
  /** It has had this id before. */
  repeated: boolean;
  answered: number;
  /** What was sent; null for what was refused, and for what was erased later. */
  outcome: unknown;
}

export interface ReceiverOptions {
  /** `whsec_` and base64; several with spaces between are all taken. */
  secret: string;
  /** Guards reading what it got. */
  adminToken: string;
  now?: () => number;
  /** How long `slow` takes. Deliveries are given up after 10 s. */
  slowMs?: number;
}

const KEPT = 100;
/** The specification leaves the tolerance to the receiver; its libraries take five minutes. */
const TOLERANCE_SECONDS = 300;

const answer = (statusCode: number, body: unknown, headers: Record<string, string> = {}): APIGatewayProxyStructuredResultV2 =>
  ({ statusCode, headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers }, body: JSON.stringify(body) });
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
const header = (event: APIGatewayProxyEventV2, name: string): string | undefined =>
  Object.entries(event.headers).find(([given]) => given.toLowerCase() === name)?.[1];

/** What is wrong with the signature, or null. */
const faultOf = (event: APIGatewayProxyEventV2, body: string, secret: string, nowMs: number): string | null => {
  const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => header(event, name));
  if (!id || !timestamp || !signatures) return 'webhook-id, webhook-timestamp or webhook-signature is missing';
  if (!/^\d+$/.test(timestamp) || Math.abs(nowMs / 1000 - Number(timestamp)) > TOLERANCE_SECONDS) return 'webhook-timestamp is not of these minutes';
  const right = secret.split(/\s+/).map((key) => createHmac('sha256', Buffer.from(key.replace(/^whsec_/, ''), 'base64')).update(`${id}.${timestamp}.${body}`).digest('base64'));
  const fits = signatures.split(' ').some((signature) => right.some((one) => timingSafeEqual(digest(signature), digest(`v1,${one}`))));
  return fits ? null : 'webhook-signature does not fit';
};

const leadOf = (outcome: unknown): { leadId?: unknown; erased: boolean } => {
  const { erased, lead } = (outcome ?? {}) as { erased?: unknown; lead?: { leadId?: unknown } };
  return { leadId: lead?.leadId, erased: erased === true };
};

export const outboxReceiver = ({ secret, adminToken, now = Date.now, slowMs = 12_000 }: ReceiverOptions): { routes: Route[]; deliveries: () => Delivery[] } => {
  let deliveries: Delivery[] = [];
  let manner: Manner = 'ok';

  const misbehave: Record<Manner, () => Promise<APIGatewayProxyStructuredResultV2>> = {
    ok: async () => answer(200, { ok: true }),
    500: async () => answer(500, { ok: false }),
    410: async () => answer(410, { ok: false }),
    429: async () => answer(429, { ok: false }, { 'retry-after': '20' }),
    redirect: async () => answer(302, { ok: false }, { location: '/outbox-receiver/elsewhere' }),
    slow: async () => { await delay(slowMs); return answer(200, { ok: true }); },
  };

  const receive = async (event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> => {
    const body = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8').toString('utf8');
    const fault = faultOf(event, body, secret, now());
    const id = header(event, 'webhook-id') ?? null;
    const delivery: Delivery = { at: new Date(now()).toISOString(), id, fault, repeated: deliveries.some((one) => one.id === id && one.fault === null), answered: 0, outcome: null };
    if (fault === null) delivery.outcome = JSON.parse(body) as unknown;
    const { leadId, erased } = leadOf(delivery.outcome);
    if (erased) deliveries = deliveries.map((one) => (leadOf(one.outcome).leadId === leadId ? { ...one, outcome: null } : one));
    deliveries = [delivery, ...deliveries].slice(0, KEPT);
    const result = fault === null ? await misbehave[manner]() : answer(401, { ok: false, fault });
    delivery.answered = result.statusCode ?? 200;
    return result;
  };

  /** With the admin token only: what it got is personal, and this port may stand behind a tunnel. */
  const guarded = (show: (event: APIGatewayProxyEventV2) => APIGatewayProxyStructuredResultV2): Route['handler'] => async (event) => {
    const shown = /^Bearer (\S+)$/.exec(header(event, 'authorization') ?? '')?.[1] ?? '';
    return timingSafeEqual(digest(shown), digest(adminToken)) ? show(event) : answer(401, { ok: false, fault: 'Send the admin token as "Authorization: Bearer …".' }, { 'www-authenticate': 'Bearer' });
  };
  const view = (): APIGatewayProxyStructuredResultV2 => answer(200, { manner, manners, deliveries });
  const choose = (event: APIGatewayProxyEventV2): APIGatewayProxyStructuredResultV2 => {
    const wanted = event.pathParameters?.['manner'];
    const found = manners.find((one) => one === wanted);
    if (!found) return answer(400, { ok: false, fault: `It answers in one of these manners: ${manners.join(', ')}.` });
    manner = found;
    return view();
  };

  return {
    deliveries: () => deliveries,
    routes: [
      { method: 'POST', path: '/outbox-receiver', name: 'outbox-receiver', handler: receive },
      { method: 'GET', path: '/outbox-receiver', name: 'outbox-receiver', handler: guarded(view) },
      { method: 'PUT', path: '/outbox-receiver/manner/{manner}', name: 'outbox-receiver', handler: guarded(choose) },
    ],
  };
};
