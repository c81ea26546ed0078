// Takes an enquiry: permission to dial, caps, and lead, consent evidence and attempt in one transaction; then the dial queue.
import { createHash } from 'node:crypto';
import { askPermission } from './ask-permission.ts';
import { askedAnew } from './cancel-plans.ts';
import { mustBeSolved, type Captcha } from './captcha.ts';
import { dialCaps, enquiryCaps, fullInWords, underCap } from './caps.ts';
import { carriersFor } from './choose-carrier.ts';
import { VisibleError } from './errors.ts';
import type { Enquiry } from './enquiry.ts';
import { attemptIdOf, type AttemptRecord, type CarrierName, type Consent, type LeadRecord, type LeadStatus } from './lead.ts';
import type { CapStore, DialQueue, SwitchStore } from './ports.ts';
import type { SettleDeps } from './settle-lead.ts';

export interface EnquiryDeps extends SettleDeps {
  switches: SwitchStore;
  /** Undefined where none is configured. */
  captcha?: Captcha | undefined;
  caps: CapStore;
  queue: DialQueue;
  /** Carriers that an attempt could go through, the preferred one first; at least one. */
  carrierNames: CarrierName[];
  newLeadId: () => string;
  /** What the page shows when the sender does not say what was shown. */
  consentText: string;
  /** Tells that a message could not be sent, or an older plan not be cancelled; the sweep of due attempts makes good for the message. */
  onQueueFailure: (error: unknown, attemptId: string) => void;
}

export interface EnquirySender {
  ip: string | null;
  userAgent: string | null;
  idempotencyKey: string | null;
}

export interface EnquiryAnswer {
  leadId: string;
  status: LeadStatus;
}

/** Without a key of the sender's, the same number from the same form is the same enquiry for this long. */
const SAME_ENQUIRY_MS = 10 * 60_000;
const KEY_KEPT_MS = 24 * 3_600_000;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');


export const takeEnquiry = (deps: EnquiryDeps) => async (enquiry: Enquiry, sender: EnquirySender): Promise<EnquiryAnswer> => {
  const now = deps.clock.now();
  const at = now.toISOString();
  const fingerprint = sha256(JSON.stringify([enquiry.phone, enquiry.name, enquiry.interest, enquiry.formUrl, enquiry.timeZone]));
  const idempotencyKey = sender.idempotencyKey !== null ? `key-${sha256(sender.idempotencyKey)}` : `same-${sha256(JSON.stringify([enquiry.phone, enquiry.formUrl]))}`;

  const earlier = async (): Promise<EnquiryAnswer | undefined> => {
    const found = await deps.leads.enquiry(idempotencyKey, at);
    if (found && sender.idempotencyKey !== null && found.fingerprint !== fingerprint) {
      throw new VisibleError('conflict', 'idempotency-key-reused', 'This Idempotency-Key was used for another enquiry. Use a new key for a new enquiry.',
        { fields: [{ field: 'Idempotency-Key', message: 'was used with other content; send a new one' }] });
    }
    return found ? { leadId: found.leadId, status: found.status } : undefined;
  };

  const leadId = deps.newLeadId();
  const attemptId = attemptIdOf(leadId, 1);
  const text = enquiry.consentText ?? deps.consentText;
  const consent: Consent = { text, textHash: sha256(text), at, ip: sender.ip, userAgent: sender.userAgent, formUrl: enquiry.formUrl };
  const [known, { decision: asked, suppression }] = await Promise.all([
    earlier(), askPermission(deps)({ lead: { phone: enquiry.phone, timeZone: enquiry.timeZone, consent }, attemptNumber: 1, at }),
  ]);
  // Who repeats a request under its own key has shown the captcha with the first one.
  if (!known || sender.idempotencyKey === null) await mustBeSolved(deps.captcha, { token: enquiry.captcha, ip: sender.ip, enquiryKey: idempotencyKey });
  if (known) return known;
  let decision = asked;

  const perSender = enquiryCaps({ phone: enquiry.phone, address: sender.ip, now: at }, deps.policy);
  const crowded = await deps.caps.reserve(perSender);
  if (crowded.full) {
    // A form that was sent twice at once counts twice until its repeat is known as one: give the first a moment to be written.
    for (let reads = 0; reads < 4; reads += 1) {
      const written = await earlier();
      if (written) return written;
    }
    const { code, message } = fullInWords(crowded.full);
    throw new VisibleError('too-many', code, message,
      { retryAfterSeconds: Math.max(1, Math.ceil((Date.parse(crowded.full.expiresAt) - now.getTime()) / 1000)) });
  }
  const perCall = decision.outcome === 'allowed' ? dialCaps({ phone: enquiry.phone, now: at, limitSeconds: deps.policy.limitSeconds }, deps.policy) : [];
  const full = (await deps.caps.reserve(perCall)).full;
  const reserved = full ? perSender : [...perSender, ...perCall];
  if (full) decision = underCap(decision, full);

  const state = { allowed: 'ready', later: 'scheduled', refused: 'refused' } as const;
  const attempt: AttemptRecord = {
    attemptId, leadId, carrier: carriersFor(enquiry.phone, deps.policy, deps.carrierNames)[0]!, state: state[decision.outcome], dueAt: decision.until ?? at, reason: decision.outcome === 'allowed' ? null : decision.reason,
    decision, callSid: null, claimedAt: null, history: [{ at, event: state[decision.outcome], detail: decision.code }],
  };
  const lead: LeadRecord = {
    leadId, name: enquiry.name, phone: enquiry.phone, interest: enquiry.interest, timeZone: enquiry.timeZone,
    status: decision.outcome === 'allowed' ? 'new' : decision.outcome === 'later' ? 'scheduled' : suppression ? 'do-not-call' : 'refused',
    disposition: decision.outcome === 'refused' ? (suppression ? 'do-not-call' : 'unknown') : null, summary: null, consent, createdAt: at, version: 1,
  };
  const kept = sender.idempotencyKey !== null ? KEY_KEPT_MS : SAME_ENQUIRY_MS;
  if (!(await deps.leads.createEnquiry({ lead, attempt, idempotencyKey, fingerprint, expiresAt: new Date(now.getTime() + kept).toISOString() }))) {
    await deps.caps.giveBack(reserved);
    const first = await earlier();
    if (!first) throw new Error('an enquiry was refused by its key, and the key is free');
    return first;
  }
  // The lead is written and will be dialled whatever happens to the message: the sweep finds attempts that are due.
  try {
    if (attempt.state === 'ready') await deps.queue.send({ attemptId });
    if (attempt.state === 'scheduled') await deps.schedule.at(attemptId, attempt.dueAt);
    if (attempt.state !== 'refused') await askedAnew(deps)(lead.phone, leadId);
  } catch (error) {
    deps.onQueueFailure(error, attemptId);
  }
  return { leadId, status: lead.status };
};
