// Twilio's media socket as zod schemas: what each frame must be for codec.ts to accept it. Source: "Media Streams: WebSocket messages".
import * as z from 'zod';
import { base64Shape } from '#house/spans.ts';

/** Twilio writes its counters as strings; a number is understood too. */
const counter = z.union([z.string().regex(/^\d{1,15}$/).transform(Number), z.number().int().nonnegative().max(999_999_999_999_999)]);

/** 500 characters is Twilio's limit for a parameter's value; a little more does no harm. */
const parameter = z.string().max(1000);

export const startSchema = z.object({
  start: z.object({
    accountSid: z.string().max(100).default(''),
    streamSid: z.string().min(1).max(100),
    callSid: z.string().min(1).max(100),
    mediaFormat: z.object({ encoding: z.literal('audio/x-mulaw'), sampleRate: z.literal(8000), channels: z.literal(1).default(1) }).optional(),
    customParameters: z.record(z.string().max(500), parameter).default({}),
  }),
});

export const mediaSchema = z.object({ media: z.object({ chunk: counter.optional(), payload: z.string().regex(base64Shape) }) });

export const dtmfSchema = z.object({ dtmf: z.object({ digit: z.string().regex(/^[0-9*#A-D]$/) }) });

export const markSchema = z.object({ mark: z.object({ name: z.string().max(200) }) });

export const eventSchema = z.object({ event: z.string().max(100) });
