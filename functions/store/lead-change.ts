// A record of the table's stream, read as a change of a lead's own item; everything else in the stream is nobody's.
import type { AttributeValue, DynamoDBRecord } from 'aws-lambda';
import { readDisposition, readStatus, type LeadChange, type LeadFacts } from '#outbox/message.ts';

type Image = Record<string, AttributeValue> | undefined;

const factsOf = (image: Image): LeadFacts | undefined => {
  const status = readStatus(image?.['status']?.S);
  const version = Number(image?.['version']?.N);
  return image && status && Number.isInteger(version) ? { status, disposition: readDisposition(image['disposition']?.S), summary: image['summary']?.S ?? null, version } : undefined;
};

/** The stream tells whole seconds, rounded down. The end of that second, if it is over: nothing then comes before what led to it. */
const happenedAt = (seconds: number | undefined, now: Date): string =>
  (seconds === undefined ? now : new Date(Math.min(now.getTime(), Math.floor(seconds) * 1000 + 999))).toISOString();

/** Undefined for a record of any other item. */
export const readLeadChange = (record: DynamoDBRecord, now: Date): LeadChange | undefined => {
  const { Keys, OldImage, NewImage, ApproximateCreationDateTime: seconds } = record.dynamodb ?? {};
  const leadId = /^LEAD#(lead_.+)$/.exec(Keys?.['pk']?.S ?? '')?.[1];
  if (leadId === undefined || Keys?.['sk']?.S !== 'LEAD') return undefined;
  const { principalId } = (record.userIdentity ?? {}) as { principalId?: string };
  return {
    leadId, at: happenedAt(seconds, now), before: factsOf(OldImage), after: factsOf(NewImage),
    // Time-to-live signs its deletions as the service itself.
    expired: record.eventName === 'REMOVE' && principalId === 'dynamodb.amazonaws.com',
  };
};
