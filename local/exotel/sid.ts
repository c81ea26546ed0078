// Ids as Exotel makes them, for calls and streams.
import { randomBytes } from 'node:crypto';

/** 32 characters, letters beyond f among them: whoever takes them for hex finds out here. */
export const newSid = (): string => `${randomBytes(14).toString('hex')}1a${'bgkl'[(randomBytes(1)[0] ?? 0) % 4] ?? 'b'}l`;
