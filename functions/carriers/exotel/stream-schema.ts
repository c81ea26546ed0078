// Exotel's media socket as zod schemas: what each frame must be for codec.ts to accept it. Source: AgentStream's documentation, and frames
// that real bots were seen to get: numbers or strings, `stream_sid` or `streamSid`, fields that are missing.
import * as z from 'zod';
import { base64Shape } from '#house/spans.ts';

const counter = z.union([z.string().regex(/^\d{1,15}$/).transform(Number), z.number().int().nonnegative().max(999_999_999_999_999)]).optional().catch(undefined);
const id = z.string().min(1).max(100);
const words = z.union([z.string().max(1000), z.number(), z.boolean()]).transform(String);

/** `sample_rate` may be `8000`, `"8000"` or `"8000Hz"`; only its digits count, and without any it is 8000. */
const rate = z.union([z.string(), z.number()]).nullish().transform((value) => Number(/\d+/.exec(String(value ?? ''))?.[0] ?? 8000))
  .refine((hz) => [8000, 16_000, 24_000].includes(hz), 'must be 8000, 16000 or 24000');

const camel = (value: unknown): unknown => {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()), member]));
};
/** Either way of writing a name. */
const either = <T extends z.ZodType>(schema: T) => z.preprocess(camel, schema);

export const startSchema = either(z.object({
  streamSid: id.optional().catch(undefined),
  start: either(z.object({
    streamSid: id.optional().catch(undefined),
    callSid: id,
    accountSid: z.string().max(100).nullish().transform((sid) => sid ?? ''),
    customParameters: z.record(z.string().max(1000), words).nullish().catch(null),
    mediaFormat: either(z.object({ sampleRate: rate })).nullish(),
  })),
}).refine(({ streamSid, start }) => (start.streamSid ?? streamSid) !== undefined));

export const mediaSchema = z.object({ media: z.object({ chunk: counter, payload: z.string().regex(base64Shape) }) });

export const dtmfSchema = z.object({ dtmf: z.object({ digit: z.union([z.string(), z.number()]).transform((digit) => String(digit).replaceAll('"', '')).refine((digit) => /^[0-9*#A-D]$/.test(digit)) }) });

export const markSchema = z.object({ mark: z.object({ name: z.string().max(200) }) });

export const eventSchema = z.object({ event: z.string().max(100) });
