// `npm run bench:enquire`: from the form to the carrier's request, through the real stack, beside an embedded database that holds few or many leads.
// Prints enquiries a second, and p50/p95/p99 in ms from the form's POST to the carrier's POST Calls, warm. The carrier answers at once.
import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attemptIdOf, type AttemptRecord, type LeadRecord } from '#calls/lead.ts';
import { newLeadId } from '#house/ids.ts';
import { startDatabase } from '#local/database/database.ts';
import { createTables } from '#local/database/tables.ts';
import { freePort } from '#local/process/free-port.ts';
import { spawnPart } from '#local/process/part.ts';
import { connect } from '#store/client.ts';
import { leadItems } from '#store/dynamo-lead-store.ts';
import { callsTable, sessionsTable } from '#store/table.ts';

const SIZES = (process.argv[2] ?? '1000,100000').split(',').map(Number);
if (!SIZES.every((size) => Number.isInteger(size) && size >= 0 && size <= 10_000_000)) {
  process.stderr.write(`Say how many leads there are before, for each run: npm run bench:enquire -- 1000,100000, not "${process.argv[2]}".\n`);
  process.exit(2);
}
const WARM_UP = 100;
const ONE_AT_A_TIME = 300;
const MANY = 600;
const IN_FLIGHT = 16;
const tables = { callsTable: 'ringback-calls', sessionsTable: 'ringback-relay-sessions' };

/** Leads of the past, as the store writes them: reached long ago. */
const fill = async (endpoint: string, count: number): Promise<void> => {
  const { db } = connect({ endpoint, ...tables });
  const at = new Date(Date.now() - 86_400_000).toISOString();
  let batch: Record<string, unknown>[] = [];
  const send = async (items: Record<string, unknown>[]): Promise<void> => {
    let left: Record<string, { PutRequest: { Item: Record<string, unknown> } }[]> | undefined = { [tables.callsTable]: items.map((Item) => ({ PutRequest: { Item } })) };
    while (left && Object.keys(left).length > 0) left = (await db.send(new BatchWriteCommand({ RequestItems: left }))).UnprocessedItems as typeof left;
  };
  const flying = new Set<Promise<void>>();
  for (let i = 0; i < count; i += 1) {
    const leadId = newLeadId();
    const lead: LeadRecord = {
      leadId, name: `Lead ${i}`, phone: `+4477009${String(i % 100_000).padStart(5, '0')}`, interest: 'solar', timeZone: null, status: 'reached', disposition: 'interested',
      summary: null, consent: { text: 'shown', textHash: '0'.repeat(64), at, ip: null, userAgent: null, formUrl: null }, createdAt: at, version: 3,
    };
    const attempt: AttemptRecord = { attemptId: attemptIdOf(leadId, 1), leadId, carrier: 'twilio', state: 'placed', dueAt: at, reason: null, decision: null, callSid: 'CA0', claimedAt: at, history: [] };
    batch.push(...leadItems(lead, attempt));
    if (batch.length >= 24) {
      const sending: Promise<void> = send(batch).finally(() => flying.delete(sending));
      flying.add(sending);
      batch = [];
      if (flying.size >= 8) await Promise.race(flying);
    }
  }
  await Promise.all(flying);
  if (batch.length > 0) await send(batch);
};

const percentile = (sorted: number[], p: number): number => sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * p) / 100))]!;

const run = async (size: number): Promise<Record<string, string | number>> => {
  const directory = mkdtempSync(join(tmpdir(), 'ringback-bench-'));
  const heard = new Map<string, (at: number) => void>();
  const carrier = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => { body += chunk.toString(); });
    request.on('end', () => {
      const form = new URLSearchParams(body);
      heard.get(form.get('To') ?? '')?.(performance.now());
      response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify({ sid: `CA${randomBytes(16).toString('hex')}`, status: 'queued' }));
    });
  });
  carrier.listen(0, '127.0.0.1');
  await once(carrier, 'listening');
  const database = await startDatabase({ directory: join(directory, 'database') });
  const client = new DynamoDBClient({ endpoint: database.endpoint, region: 'local', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } });
  // Filled before it has a stream (the stack adds it): otherwise the outbox would be busy delivering what came of all these leads.
  const { StreamSpecification: _stream, ...quiet } = callsTable(tables.callsTable);
  await createTables(client, [{ table: { ...quiet, TableName: tables.callsTable } }, { table: { ...sessionsTable(tables.sessionsTable), TableName: tables.sessionsTable } }]);
  client.destroy();
  await fill(database.endpoint, size);

  const port = await freePort();
  const stack = await spawnPart({
    name: 'stack', args: [join(import.meta.dirname, '..', 'bin', 'local.ts')], ready: /Ringback is ready/, readyWithinMs: 60_000, print: () => {},
    command: process.execPath,
    env: {
      PATH: process.env['PATH'], HOME: process.env['HOME'], PORT: String(port), RELAY_PORT: String(await freePort()), RINGBACK_DATA_DIR: directory, DYNAMODB_ENDPOINT: database.endpoint,
      TWILIO_API_BASE_URL: `http://127.0.0.1:${(carrier.address() as AddressInfo).port}`, CALLS_PER_SECOND: '1000', LOG_LEVEL: 'error',
    },
  });
  let number = 0;
  const enquire = async (): Promise<number> => {
    number += 1;
    const phone = `+1202555${String(number).padStart(4, '0')}`;
    const dialled = new Promise<number>((resolve) => heard.set(phone, resolve));
    const began = performance.now();
    const answer = await fetch(`http://127.0.0.1:${port}/enquire`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ phone, consent: true }) });
    if (answer.status !== 202) throw new Error(`POST /enquire answered ${answer.status}`);
    return (await dialled) - began;
  };
  try {
    for (let i = 0; i < WARM_UP; i += 1) await enquire();
    const times: number[] = [];
    for (let i = 0; i < ONE_AT_A_TIME; i += 1) times.push(await enquire());
    times.sort((a, b) => a - b);
    const began = performance.now();
    let started = 0;
    await Promise.all(Array.from({ length: IN_FLIGHT }, async () => {
      while (started < MANY) {
        started += 1;
        await enquire();
      }
    }));
    const seconds = (performance.now() - began) / 1000;
    const ms = (p: number): string => percentile(times, p).toFixed(0);
    return { 'leads stored': size, 'p50 ms': ms(50), 'p95 ms': ms(95), 'p99 ms': ms(99), [`enquiries/s, ${IN_FLIGHT} at once`]: (MANY / seconds).toFixed(0) };
  } finally {
    await stack.stop();
    await database.stop();
    carrier.close();
    carrier.closeAllConnections();
    rmSync(directory, { recursive: true, force: true });
  }
};

const rows: Record<string, string | number>[] = [];
for (const size of SIZES) rows.push(await run(size));
console.table(rows);
