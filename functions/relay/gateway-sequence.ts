// Reads from a carrier's frame what API Gateway's way needs before the codec sees it: its number and its kind. Used by gateway-connection.ts.
import { findSpans, SPAN, wanted } from '#house/spans.ts';

/** Twilio writes `sequenceNumber`, Exotel `sequence_number`; each frame but `connected` has one, of one count for all kinds. */
const NAMES = ['sequenceNumber', 'sequence_number'] as const;
const fields = wanted([...NAMES], { name: 'media', keys: [] });
const spans = new Int32Array(2 * SPAN);

const whole = (value: unknown): number | undefined => {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
};

const parsed = (frame: Buffer): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(frame.toString('utf8'));
    return value !== null && typeof value === 'object' ? value as Record<string, unknown> : {};
  } catch {
    // What is wrong with it is the codec's to say, in its place in the order if it had one.
    return {};
  }
};

/** The frame's number; undefined when it has none. */
export const sequenceOf = (frame: Buffer): number | undefined => {
  if (findSpans(frame, fields, spans)) {
    const start = spans[0]! >= 0 ? 0 : SPAN;
    if (spans[start]! < 0) return undefined;
    return whole(frame.toString('latin1', spans[start], spans[start + 1]));
  }
  const value = parsed(frame);
  return whole(value[NAMES[0]] ?? value[NAMES[1]]);
};

/** The route that API Gateway chose by `$request.body.event`, for requests that do not name it. */
export const eventOf = (frame: Buffer): string => {
  const { event } = parsed(frame);
  return typeof event === 'string' ? event : '$default';
};
