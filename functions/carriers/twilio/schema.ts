// What Twilio sends over HTTP, read once: webhook parameters and REST answers. (The media socket has its own schema.)
import * as z from 'zod';
import { callStatuses, type CallStatus } from '#calls/call.ts';

/** CA and 32 hex digits in production; stand-ins and older examples are shorter or use other letters. */
export const callSid = z.string('is missing').regex(/^CA[0-9A-Za-z]{8,64}$/, 'must be a Twilio call id: CA and 32 hex digits');
export const callStatus = z.enum(callStatuses as [CallStatus, ...CallStatus[]], `must be one of ${callStatuses.join(', ')}`);
const count = (what: string) => z.string().regex(/^\d{1,9}$/, `must be ${what} in digits`).transform(Number);
const blank = <T extends z.ZodType>(schema: T) => z.preprocess((value) => (value === '' ? undefined : value), schema.optional());

export const statusForm = z.object({
  CallSid: callSid,
  CallStatus: callStatus,
  SequenceNumber: blank(count('a sequence number')),
  Timestamp: blank(z.string().refine((text) => !Number.isNaN(Date.parse(text)), 'must be a date as in RFC 2822')),
  CallDuration: blank(count('seconds')),
  SipResponseCode: blank(count('a SIP status')),
  AnsweredBy: blank(z.string().max(40)),
  RecordingUrl: blank(z.string().max(1000)),
});

export const answerForm = z.object({ CallSid: callSid, CallStatus: blank(callStatus) });

/** What the action of Dial is told beside that: `completed`, `answered`, `busy`, `no-answer`, `failed` or `canceled`. */
export const dialForm = z.object({
  DialCallStatus: z.string().regex(/^[a-z-]{2,20}$/).catch('failed'),
  DialCallDuration: z.string().regex(/^\d{1,6}$/).transform(Number).nullable().catch(null),
});

export const recordingForm = z.object({
  CallSid: callSid,
  RecordingSid: z.string('is missing').regex(/^RE[0-9A-Za-z]{8,64}$/, 'must be a Twilio recording id: RE and 32 hex digits'),
  RecordingStatus: blank(z.string().max(40)),
  RecordingUrl: blank(z.string().max(1000)),
  RecordingDuration: blank(z.string().regex(/^-?\d{1,9}$/, 'must be seconds in digits').transform(Number)),
  RecordingStartTime: blank(z.string().max(80)),
});

export const amdForm = z.object({ CallSid: callSid, AnsweredBy: z.string('is missing').regex(/^[a-z_]{2,40}$/, 'must be one of human, machine_start, machine_end_beep, machine_end_silence, machine_end_other, fax, unknown') });

export const streamForm = z.object({
  CallSid: callSid,
  StreamEvent: z.enum(['stream-started', 'stream-stopped', 'stream-error'], 'must be stream-started, stream-stopped or stream-error'),
  StreamError: blank(z.string().max(1000)),
  Timestamp: blank(z.string().refine((text) => !Number.isNaN(Date.parse(text)), 'must be a date')),
});

/** A call as Twilio's REST API shows it. Unknown members are left alone; numbers come as strings. */
export const restCall = z.object({
  sid: callSid,
  status: callStatus,
  to: z.string().nullish(),
  date_created: z.string().nullish(),
  start_time: z.string().nullish(),
  end_time: z.string().nullish(),
  duration: z.union([z.string(), z.number()]).nullish(),
  price: z.union([z.string(), z.number()]).nullish(),
  price_unit: z.string().nullish(),
  answered_by: z.string().nullish(),
});
export type RestCall = z.output<typeof restCall>;

export const restCalls = z.object({ calls: z.array(restCall) });

/** Both forms of error body: the old one and RFC 9457's. */
export const restError = z.object({ code: z.union([z.number(), z.string()]).nullish(), message: z.string().nullish(), detail: z.string().nullish(), title: z.string().nullish() });
