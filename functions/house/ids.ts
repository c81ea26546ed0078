// Ids: prefixed ULIDs. They sort by time, and their 80 random bits cannot be guessed.
import { ulid } from 'ulid';

export const newLeadId = (): string => `lead_${ulid()}`;
export const newInboundCallId = (): string => `call_${ulid()}`;
export const newRequestId = (): string => `req_${ulid()}`;
