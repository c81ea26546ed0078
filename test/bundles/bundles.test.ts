import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks.js';
import type { APIGatewayAuthorizerResult, APIGatewayProxyStructuredResultV2, DynamoDBBatchResponse, SQSBatchResponse } from 'aws-lambda';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { bundleFunction, entryPoints, type Bundle } from '#lib/bundles.ts';
import { routes } from '#handlers/routes.ts';
import { withEngine } from '../store/engine.ts';
import { run } from './bare-node.ts';
import { httpEvent, leadChangedEvent, sqsEvent, twilioEvent } from './events.ts';
import { withOutside } from './outside.ts';

const PHONE = '+442079460018';
const accountSid = `AC${'0f'.repeat(16)}`;
const callSid = `CA${'1e'.repeat(16)}`;
const authToken = 'd00d'.repeat(8);
const base = 'https://abc123.execute-api.eu-west-1.amazonaws.com';
const stream = 'wss://def456.execute-api.eu-west-1.amazonaws.com/prod';

const engine = withEngine();
const outside = withOutside(callSid);
const bundles = new Map<string, Bundle>();
const bundle = (name: string): Bundle => bundles.get(name)!;
let variables: Record<string, string>;

beforeAll(async () => {
  for (const name of entryPoints()) bundles.set(name, bundleFunction(name));
  const { callsTable, sessionsTable, db } = await engine.tables();
  const { hostname, port } = await db.config.endpoint!();
  // Any hour, any day: the real clock runs in these processes.
  const always = [{ start: '00:00', end: '24:00' }];
  for (const { directory } of bundles.values()) {
    writeFileSync(join(directory, 'policy.json'), JSON.stringify({ hours: { builtIn: false, default: always, byCountry: { GB: always } }, holidays: { builtIn: false }, countries: { allow: ['GB'] } }));
  }
  variables = {
    STAGE: 'test', CALLS_TABLE: callsTable, SESSIONS_TABLE: sessionsTable, DYNAMODB_ENDPOINT: `http://${hostname}:${port}`,
    DIAL_QUEUE_URL: `${outside.url()}/123456789012/dial`, DIAL_QUEUE_ARN: 'arn:aws:sqs:eu-west-1:123456789012:dial', DIAL_SCHEDULE_GROUP: 'attempts', DIAL_SCHEDULE_ROLE_ARN: 'arn:aws:iam::123456789012:role/r',
    OUTBOX_QUEUE_URL: `${outside.url()}/123456789012/nudges.fifo`, AWS_ENDPOINT_URL_SQS: outside.url(), AWS_ENDPOINT_URL_SCHEDULER: outside.url(), PUBLIC_BASE_URL: base, PUBLIC_STREAM_URL: stream, POLICY_FILE: 'policy.json', CALLS_PER_SECOND: '100',
    TWILIO_API_BASE_URL: outside.url(), TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: authToken, TWILIO_PHONE_NUMBER: '+15005550006', STREAM_TICKET_SECRET: 's'.repeat(40),
  };
});

const http = (name: string, event: unknown) => run<APIGatewayProxyStructuredResultV2>(bundle(name), event, variables);
const bodyOf = ({ answer }: { answer: APIGatewayProxyStructuredResultV2 }): unknown => JSON.parse(answer.body!);

describe('each bundle', () => {
  it('is there for each function that a route names, and for those without a route', () => {
    expect(entryPoints()).toEqual(expect.arrayContaining([...new Set(routes.map(({ to }) => to)), 'dial', 'reconcile', 'connect-authorizer', 'outbox', 'deliver', 'deliver-due']));
  });

  it('holds all that it needs: nothing is imported but what Node brings', () => {
    for (const [name, { metafile }] of bundles) {
      const outer = Object.values(metafile.outputs).flatMap(({ imports }) => imports).filter(({ external }) => external).map(({ path }) => path.replace(/^node:/, '').split('/')[0]!);
      expect([name, outer.filter((path) => !process.getBuiltinModule(path))]).toEqual([name, []]);
    }
  });

  it('leaves the whole Twilio client out', () => {
    for (const [name, { metafile }] of bundles) {
      const inputs = Object.keys(metafile.inputs).filter((input) => input.includes('node_modules/twilio/') && !/twilio\/lib\/(webhooks|twiml)\//.test(input));
      expect([name, inputs]).toEqual([name, []]);
    }
  });

  it('comes with a source map that names sources and holds none', () => {
    for (const { directory } of bundles.values()) {
      const map = JSON.parse(readFileSync(join(directory, 'index.mjs.map'), 'utf8')) as { sources: string[]; sourcesContent?: unknown };
      expect(map.sourcesContent).toBeUndefined();
      expect(map.sources.every((source) => !source.startsWith('/'))).toBe(true);
    }
  });

  it('is the same, byte for byte, wherever and whenever it is made', () => {
    const [first, second] = ['once', 'again'].map(() => mkdtempSync(join(tmpdir(), 'ringback-again-'))) as [string, string];
    onTestFinished(() => [first, second].forEach((directory) => rmSync(directory, { recursive: true, force: true })));
    for (const directory of [first, second]) bundleFunction('answer', { directory });
    expect(readdirSync(first).sort()).toEqual(['index.mjs', 'index.mjs.map']);
    for (const file of readdirSync(first)) expect([file, readFileSync(join(first, file)).equals(readFileSync(join(second, file)))]).toEqual([file, true]);
  });
});

describe('in a bare Node 24', () => {
  it('an enquiry becomes a lead, a ringing phone, an answer document and a record, and no number is logged', async () => {
    const logged: string[] = [];
    const keep = <T extends { log: string[] }>(ran: T): T => {
      logged.push(...ran.log);
      return ran;
    };
    const enquiry = { phone: PHONE, consent: true, name: 'Ada', timeZone: 'Europe/London', formUrl: 'https://example.com/' };
    const accepted = keep(await http('enquire', httpEvent('POST', '/enquire', 'POST /enquire', { headers: { 'content-type': 'application/json' }, body: JSON.stringify(enquiry) })));
    expect([accepted.answer.statusCode, accepted.log]).toEqual([202, accepted.log]);
    const { leadId } = (bodyOf(accepted) as { leadId: string });
    expect(outside.sent).toHaveLength(1);

    const dialled = keep(await run<SQSBatchResponse>(bundle('dial'), sqsEvent(outside.sent[0]!), variables));
    expect(dialled.answer).toEqual({ batchItemFailures: [] });
    expect(outside.dialled.map((form) => [form.get('To'), form.get('Url')?.startsWith(`${base}/twiml?attempt=`)])).toEqual([[PHONE, true]]);

    const attempt = new URL(outside.dialled[0]!.get('Url')!).searchParams.get('attempt')!;
    const signed = (path: string, routeKey: string, form: Record<string, string>, params?: Record<string, string>) =>
      twilioEvent(base, path, routeKey, { CallSid: callSid, AccountSid: accountSid, ...form }, { query: `attempt=${attempt}`, authToken, ...(params ? { params } : {}) });
    const document = keep(await http('answer', signed('/twiml', 'POST /twiml', { CallStatus: 'in-progress' })));
    expect(document.answer.statusCode).toBe(200);
    expect(document.answer.body).toContain(`<Stream url="${stream}"`);

    const status = (CallStatus: string, more: Record<string, string> = {}) => signed('/webhooks/twilio/status', 'POST /webhooks/twilio/{kind}', { CallStatus, ...more }, { kind: 'status' });
    expect(keep(await http('callbacks', status('completed', { CallDuration: '61', SequenceNumber: '3' }))).answer.statusCode).toBe(204);

    const lead = keep(await http('api', httpEvent('GET', `/api/leads/${leadId}`, 'ANY /api/{proxy+}', { params: { proxy: `leads/${leadId}` }, claims: { sub: 'somebody', token_use: 'access' } })));
    expect(lead.answer.statusCode).toBe(200);
    expect((bodyOf(lead) as { calls: { status: string; callSid: string; durationSeconds: number }[] }).calls).toEqual([expect.objectContaining({ status: 'completed', callSid, durationSeconds: 61 })]);

    // What came of it: noted from the table's stream, nudged, and kept while there is nowhere to deliver it to.
    const noted = keep(await run<DynamoDBBatchResponse>(bundle('outbox'), leadChangedEvent(leadId, { status: 'in-call' }, { status: 'reached', disposition: 'interested' }), variables));
    expect([noted.answer, outside.nudges]).toEqual([{ batchItemFailures: [] }, [{ leadId, group: leadId }]]);
    expect(keep(await run<SQSBatchResponse>(bundle('deliver'), sqsEvent(JSON.stringify({ leadId })), variables)).answer).toEqual({ batchItemFailures: [] });
    const waiting = keep(await http('api', httpEvent('GET', '/api/outbox', 'ANY /api/{proxy+}', { params: { proxy: 'outbox' }, claims: { sub: 'somebody' } })));
    expect((bodyOf(waiting) as { messages: { leadId: string }[] }).messages).toEqual([expect.objectContaining({ leadId })]);
    expect((await run(bundle('deliver-due'), { sweep: true }, variables)).answer).toBeNull();

    expect(logged.join('\n')).not.toContain(PHONE.slice(1));
  });

  it('enquire answers what it cannot read with the fields that are wrong', async () => {
    const refused = await http('enquire', httpEvent('POST', '/enquire', 'POST /enquire', { headers: { 'content-type': 'application/json' }, body: '{}' }));
    expect(refused.answer.statusCode).toBe(400);
    expect((bodyOf(refused) as { errors: { field: string }[] }).errors.map(({ field }) => field).sort()).toEqual(['consent', 'phone']);
  });

  it.each([['answer', '/twiml', 'POST /twiml'], ['callbacks', '/webhooks/twilio/status', 'POST /webhooks/twilio/{kind}']])('%s refuses what Twilio did not sign', async (name, path, routeKey) => {
    const forged = twilioEvent(base, path, routeKey, { CallSid: callSid, CallStatus: 'completed' }, { authToken: 'another token', params: { kind: 'status' } });
    expect((await http(name, forged)).answer.statusCode).toBe(403);
  });

  it('api refuses whoever the gateway did not verify', async () => {
    expect((await http('api', httpEvent('GET', '/api/leads', 'ANY /api/{proxy+}', { params: { proxy: 'leads' } }))).answer.statusCode).toBe(401);
  });

  it('health says that the database works, and that it does not', async () => {
    expect(bodyOf(await http('health', httpEvent('GET', '/health', 'GET /health')))).toMatchObject({ ok: true, parts: { database: 'works' } });
    const elsewhere = await run<APIGatewayProxyStructuredResultV2>(bundle('health'), httpEvent('GET', '/health', 'GET /health'), { ...variables, CALLS_TABLE: 'no-such-table' });
    expect(bodyOf(elsewhere)).toMatchObject({ ok: false, parts: { database: 'fails' } });
  });

  it('dial gives back the one message of a batch that it could not read', async () => {
    const { answer } = await run<SQSBatchResponse>(bundle('dial'), sqsEvent('not json', JSON.stringify({ attemptId: 'nobody' })), variables);
    expect(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)).toEqual(['message-0', 'message-1']);
  });

  it('reconcile looks around and finds nothing to do', async () => {
    expect((await run(bundle('reconcile'), { sweep: true }, { ...variables })).answer).toBeNull();
  });

  it('says which variable is missing, and does not start without it', async () => {
    const { DIAL_QUEUE_URL: _, ...without } = variables;
    await expect(run(bundle('dial'), sqsEvent('{}'), without)).rejects.toThrow('DIAL_QUEUE_URL is not set');
  });
});

describe('the authorizer of media streams', () => {
  const methodArn = 'arn:aws:execute-api:eu-west-1:123456789012:def456/prod/$connect';
  const ask = async (headers: Record<string, string>): Promise<string> => {
    const event = {
      type: 'REQUEST', methodArn, headers: { Host: 'def456.execute-api.eu-west-1.amazonaws.com', 'Sec-WebSocket-Version': '13', ...headers }, multiValueHeaders: {},
      requestContext: { routeKey: '$connect', eventType: 'CONNECT', connectionId: 'abc=', stage: 'prod', apiId: 'def456', domainName: 'def456.execute-api.eu-west-1.amazonaws.com' },
    };
    const { answer } = await run<APIGatewayAuthorizerResult>(bundle('connect-authorizer'), event, variables);
    expect(answer.policyDocument.Statement).toMatchObject([{ Action: 'execute-api:Invoke', Resource: methodArn }]);
    return answer.policyDocument.Statement[0]!.Effect;
  };

  it.each([['the address', stream], ['the address with a slash', `${stream}/`]])('admits a handshake that Twilio signed over %s', async (_, url) => {
    expect(await ask({ 'X-Twilio-Signature': getExpectedTwilioSignature(authToken, url, {}) })).toBe('Allow');
  });

  it('reads the header however it is written', async () => {
    expect(await ask({ 'x-twilio-signature': getExpectedTwilioSignature(authToken, stream, {}) })).toBe('Allow');
  });

  it.each([
    ['no signature', {}], ['an empty one', { 'X-Twilio-Signature': '' }], ['one by another token', { 'X-Twilio-Signature': getExpectedTwilioSignature('other', stream, {}) }],
    ['one over another address', { 'X-Twilio-Signature': getExpectedTwilioSignature(authToken, 'wss://elsewhere.example/prod', {}) }],
  ])('turns away a handshake with %s', async (_, headers) => {
    expect(await ask(headers)).toBe('Deny');
  });
});
