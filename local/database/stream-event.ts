// Called by the stream reader: a record as the Streams API gives it, in the shape that Lambda hands to a function.
import type { AttributeValue, _Record as StreamsRecord } from '@aws-sdk/client-dynamodb-streams';
import type { AttributeValue as LambdaValue, DynamoDBRecord, StreamRecord } from 'aws-lambda';

type Item = Record<string, LambdaValue>;

/** Binary values are base64 text in a Lambda event. */
const value = (from: AttributeValue): LambdaValue => {
  if (from.B !== undefined) return { B: Buffer.from(from.B).toString('base64') };
  if (from.BS !== undefined) return { BS: from.BS.map((bytes) => Buffer.from(bytes).toString('base64')) };
  if (from.L !== undefined) return { L: from.L.map(value) };
  if (from.M !== undefined) return { M: item(from.M) };
  return from as LambdaValue;
};
const item = (from: Record<string, AttributeValue>): Item => Object.fromEntries(Object.entries(from).map(([name, each]) => [name, value(each)]));

/** `streamArn` becomes the eventSourceARN. */
export const lambdaRecord = (record: StreamsRecord, streamArn: string): DynamoDBRecord => {
  const { Keys, NewImage, OldImage, ApproximateCreationDateTime, ...rest } = record.dynamodb ?? {};
  const { userIdentity } = record;
  return {
    eventID: record.eventID, eventName: record.eventName, eventVersion: record.eventVersion ?? '1.1', eventSource: record.eventSource ?? 'aws:dynamodb',
    awsRegion: record.awsRegion,
    dynamodb: {
      ...rest as StreamRecord,
      ...(ApproximateCreationDateTime && { ApproximateCreationDateTime: Math.floor(ApproximateCreationDateTime.getTime() / 1_000) }),
      ...(Keys && { Keys: item(Keys) }),
      ...(NewImage && { NewImage: item(NewImage) }),
      ...(OldImage && { OldImage: item(OldImage) }),
    },
    eventSourceARN: streamArn,
    // Only set when time-to-live removed the item.
    ...(userIdentity && { userIdentity: { type: userIdentity.Type, principalId: userIdentity.PrincipalId } }),
  };
};
