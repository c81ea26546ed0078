// What Exotel sends over HTTP, read once: callbacks, applet requests, REST answers. (The media socket has its own schema.)
// Exotel is free with forms: numbers or strings, blanks or null, `0XXXXXXXXXX` or `+91…`, local times without a zone.
import * as z from 'zod';
import { isTerminal, type CallStatus } from '#calls/call.ts';

/** 32 letters and digits, not only hexadecimal ones. */
export const callSid = z.string('is missing').regex(/^[0-9A-Za-z_-]{8,64}$/, 'must be an Exotel call id: 32 letters and digits');

const words: Record<string, CallStatus> = {
  queued: 'queued', initiated: 'initiated', ringing: 'ringing', 'in-progress': 'in-progress', answered: 'in-progress', completed: 'completed', busy: 'busy',
  'no-answer': 'no-answer', failed: 'failed', canceled: 'canceled', cancelled: 'canceled',
};
/** Exotel's word for the line in ours; undefined for a word that is not in its documentation. */
export const statusOf = (text: string | null | undefined): CallStatus | undefined => {
  const word = (text ?? '').trim().toLowerCase().replaceAll(/[_ ]/g, '-');
  return Object.hasOwn(words, word) ? words[word] : undefined;
};
export const isOver = (status: CallStatus | undefined): boolean => status !== undefined && isTerminal(status);

const DAY_MS = 86_400_000;
const IST_MS = 330 * 60_000;
const CLOCK_SKEW_MS = 5 * 60_000;

/**
 * `YYYY-MM-DD HH:mm:ss` without a zone: the account's local time. Indian accounts have Indian Standard Time, whose clock is ahead of UTC's: so
 * a time that would be in the future as UTC is Indian. Undefined for no time, and for the year 1970, which stands for none.
 */
export const timeOf = (text: string | null | undefined, now: Date): Date | undefined => {
  const local = /^(\d{4})-(\d{2})-(\d{2})[ T](\d{2}):(\d{2}):(\d{2})(?:\.\d+)?$/.exec(text?.trim() ?? '');
  const utc = local ? Date.parse(`${local[1]}-${local[2]}-${local[3]}T${local[4]}:${local[5]}:${local[6]}Z`) : Date.parse(text ?? '');
  if (Number.isNaN(utc) || utc < DAY_MS * 366) return undefined;
  return new Date(local && utc > now.getTime() + CLOCK_SKEW_MS ? utc - IST_MS : utc);
};

/** E.164, from any of Exotel's ways to write a number; undefined when it is none. */
export const e164Of = (text: string | null | undefined): string | undefined => {
  const bare = (text ?? '').replaceAll(/[\s"'()-]/g, '');
  if (/^\+[1-9]\d{6,14}$/.test(bare)) return bare;
  if (/^0?[1-9]\d{9}$/.test(bare)) return `+91${bare.slice(-10)}`;
  return /^[1-9]\d{10,14}$/.test(bare) ? `+${bare}` : undefined;
};
/** As Exotel's documentation writes an ExoPhone: `0` and ten digits for Indian ones, the rest as they are. */
export const asExoPhone = (text: string): string => {
  const number = e164Of(text);
  return number?.startsWith('+91') && number.length === 13 ? `0${number.slice(3)}` : text;
};
/** One number in two ways of writing has the same last ten digits. */
export const sameNumber = (a: string | null | undefined, b: string): boolean => {
  const tail = (text: string): string => text.replaceAll(/\D/g, '').slice(-10);
  return tail(a ?? '') !== '' && tail(a ?? '') === tail(b);
};

const seconds = z.string().transform((text) => (/^\d{1,9}(\.\d+)?$/.test(text) ? Math.round(Number(text)) : null));
const text = (most: number) => z.string().max(most);

/** A status callback: four fields or all of them; `Status`, in older set-ups `CallStatus`. Flat: `Legs[0][Status]` and so on stand beside. */
export const statusForm = z.object({
  CallSid: callSid,
  Status: text(40).optional(),
  CallStatus: text(40).optional(),
  EventType: text(40).optional(),
  DateUpdated: text(60).optional(),
  EndTime: text(60).optional(),
  Duration: seconds.optional(),
  ConversationDuration: seconds.optional(),
  RecordingUrl: text(2000).optional(),
});

/** What an applet asks with. `CallTo` is the ExoPhone that was dialled; `To` has been another number in live samples. */
export const appletForm = z.object({
  CallSid: callSid,
  CallFrom: text(40).optional(),
  CallTo: text(40).optional(),
  From: text(40).optional(),
  To: text(40).optional(),
  CallStatus: text(40).optional(),
  Direction: text(40).optional(),
  CustomField: text(1000).optional(),
  digits: text(100).transform((digits) => digits.replaceAll('"', '')).optional(),
  RecordingUrl: text(2000).optional(),
  /** Behind a Connect applet: how its dialling came out. */
  DialCallStatus: text(40).optional(),
  DialCallDuration: seconds.optional(),
});

const loose = z.union([z.string(), z.number()]).nullish().transform((value) => (value === null || value === undefined || value === '' ? undefined : String(value)));

/** A call as Exotel's REST API shows it. Unknown members are left alone. */
export const restCall = z.object({
  Sid: callSid, Status: loose, To: loose, From: loose, DateCreated: loose, StartTime: loose, EndTime: loose, Duration: loose, Price: loose, AnsweredBy: loose,
  Details: z.object({ Leg1Status: loose, ConversationDuration: loose }).nullish().catch(null),
});
export type RestCall = z.output<typeof restCall>;

const legacy = (value: unknown): unknown => {
  const { TwilioResponse } = (value ?? {}) as { TwilioResponse?: unknown };
  return TwilioResponse ?? value;
};
/** `Details` stand inside the call or beside it. */
const detailed = (value: unknown): unknown => {
  const { Call, Details } = (legacy(value) ?? {}) as { Call?: object; Details?: unknown };
  return { Call: Details === undefined || typeof Call !== 'object' ? Call : { Details, ...Call } };
};
export const restAnswer = z.preprocess(detailed, z.object({ Call: restCall }));
export const restCalls = z.preprocess(legacy, z.object({
  Metadata: z.object({ NextPageUri: z.string().nullish() }).nullish().catch(null),
  Calls: z.array(z.preprocess((item) => (item as { Call?: unknown } | null)?.Call ?? item, restCall)),
}));
export type CallList = { Calls: RestCall[]; Metadata?: { NextPageUri?: string | null | undefined } | null | undefined };
export const restError = z.preprocess(legacy, z.object({ RestException: z.object({ Status: loose, Code: loose, Message: loose }) }));
export const restNumber = z.preprocess(legacy, z.object({ Numbers: z.object({ DND: loose }) }));
export const restWhitelist = z.preprocess(legacy, z.object({ Result: z.object({ Status: loose }) }));
