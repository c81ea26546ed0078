// Called by the enquiry form: the key that makes one enquiry of however many times its button is pressed or its page reloaded.
import type { Memory } from '../memory.ts';

export interface EnquiryKey {
  /** The key of the enquiry that is being written; made at the first call, the same until `renew`. */
  current(): string;
  /** The enquiry was seen to arrive, or the visitor wants another one. */
  renew(): void;
}

/** A random UUID (RFC 9562, version 4). crypto.randomUUID would be missing where the page is served over plain HTTP to another machine. */
export const randomUuid = (): string => {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
};

export const enquiryKey = (memory: Memory): EnquiryKey => ({
  current: () => {
    const kept = memory.read('enquiry-key');
    if (kept) return kept;
    const made = randomUuid();
    memory.write('enquiry-key', made);
    return made;
  },
  renew: () => memory.write('enquiry-key', null),
});
