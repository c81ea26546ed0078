// Called by the bundle tests: events as AWS sends them, in full.
import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks.js';
import type { APIGatewayProxyEventV2, DynamoDBStreamEvent, SQSEvent } from 'aws-lambda';

export interface HttpOptions {
  query?: string;
  headers?: Record<string, string>;
  body?: string;
  base64?: boolean;
  params?: Record<string, string>;
  claims?: Record<string, string>;
}

/** A request as an HTTP API hands it over in payload format 2.0. */
export const httpEvent = (method: string, path: string, routeKey: string, { query = '', headers = {}, body, base64 = false, params, claims }: HttpOptions = {}): APIGatewayProxyEventV2 => ({
  version: '2.0', routeKey, rawPath: path, rawQueryString: query,
  headers: { accept: '*/*', 'content-length': String(body?.length ?? 0), host: 'abc123.execute-api.eu-west-1.amazonaws.com', 'user-agent': 'test', 'x-amzn-trace-id': 'Root=1-6920-0', 'x-forwarded-for': '203.0.113.7', 'x-forwarded-port': '443', 'x-forwarded-proto': 'https', ...headers },
  ...(params ? { pathParameters: params } : {}),
  requestContext: {
    accountId: '123456789012', apiId: 'abc123', domainName: 'abc123.execute-api.eu-west-1.amazonaws.com', domainPrefix: 'abc123',
    ...(claims ? { authorizer: { jwt: { claims, scopes: [] } } } : {}),
    http: { method, path, protocol: 'HTTP/1.1', sourceIp: '203.0.113.7', userAgent: 'test' }, requestId: 'JKJaXmPLvHcESHA=', routeKey, stage: '$default', time: '21/Nov/2026:12:00:00 +0000', timeEpoch: Date.now(),
  },
  ...(body === undefined ? {} : { body: base64 ? Buffer.from(body).toString('base64') : body }), isBase64Encoded: base64,
});

/** What Twilio posts, signed over the address that the function knows; the real gateway hands forms over as base64. */
export const twilioEvent = (base: string, path: string, routeKey: string, form: Record<string, string>, { query = '', authToken, params }: { query?: string; authToken: string; params?: Record<string, string> }): APIGatewayProxyEventV2 =>
  httpEvent('POST', path, routeKey, {
    query, ...(params ? { params } : {}), body: new URLSearchParams(form).toString(), base64: true,
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': getExpectedTwilioSignature(authToken, `${base}${path}${query ? `?${query}` : ''}`, form) },
  });

export const sqsEvent = (...bodies: string[]): SQSEvent => ({ Records: bodies.map((body, i) => ({
  messageId: `message-${i}`, receiptHandle: 'handle', body, messageAttributes: {}, md5OfBody: '', eventSource: 'aws:sqs', eventSourceARN: 'arn:aws:sqs:eu-west-1:123456789012:dial', awsRegion: 'eu-west-1',
  attributes: { ApproximateReceiveCount: '1', SentTimestamp: String(Date.now()), SenderId: 'test', ApproximateFirstReceiveTimestamp: String(Date.now()) },
})) });

/** A lead's own item, before and after, as the table's stream shows it. */
export const leadChangedEvent = (leadId: string, before: Record<string, string>, after: Record<string, string>): DynamoDBStreamEvent => {
  const image = (values: Record<string, string>, version: number) => ({
    pk: { S: `LEAD#${leadId}` }, sk: { S: 'LEAD' }, leadId: { S: leadId }, version: { N: String(version) }, ...Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { S: value }])),
  });
  return { Records: [{
    eventID: '1', eventName: 'MODIFY', eventVersion: '1.1', eventSource: 'aws:dynamodb', awsRegion: 'eu-west-1', eventSourceARN: 'arn:aws:dynamodb:eu-west-1:123456789012:table/calls/stream/2026-11-21T00:00:00.000',
    dynamodb: { ApproximateCreationDateTime: Math.floor(Date.now() / 1000), Keys: { pk: { S: `LEAD#${leadId}` }, sk: { S: 'LEAD' } }, OldImage: image(before, 4), NewImage: image(after, 5), SequenceNumber: '111', SizeBytes: 26, StreamViewType: 'NEW_AND_OLD_IMAGES' },
  }] };
};
