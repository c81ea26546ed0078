import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it, onTestFinished } from 'vitest';
import { handClock, NOON } from '#doubles/clock.ts';
import { leadIdNumber, newEnquiry } from '#doubles/records.ts';
import type { Outcome } from '#outbox/outcome.ts';
import { storesOver } from '#store/dynamo-stores.ts';
import { withEngine } from '../store/engine.ts';
import { secret } from './office.ts';

const { tables, endpoint } = withEngine();
const script = join(import.meta.dirname, 'host-script.ts');

/** A CRM that checks every signature, and tells when it has had enough. */
const crm = async (answer: (n: number) => number = () => 200) => {
  const got: Outcome[] = [];
  const waiting: { enough: () => boolean; resolve: () => void }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      got.push(new Webhook(secret).verify(Buffer.concat(chunks).toString(), request.headers as Record<string, string>) as Outcome);
      response.writeHead(answer(got.length)).end();
      for (const one of waiting) if (one.enough()) one.resolve();
    });
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  onTestFinished(() => new Promise<void>((resolve) => { server.closeAllConnections(); server.close(() => resolve()); }));
  return {
    got, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    until: (enough: () => boolean) => new Promise<void>((resolve) => { if (enough()) resolve(); else waiting.push({ enough, resolve }); }),
  };
};

const start = async (environment: Record<string, string>): Promise<ChildProcess> => {
  const child = spawn(process.execPath, [script], { env: { PATH: process.env['PATH'] ?? '', ...environment }, stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(async () => { if (child.exitCode === null && child.signalCode === null) { child.kill('SIGKILL'); await once(child, 'exit'); } });
  await once(child.stdout, 'data');
  return child;
};

describe('the outbox as a process, over the real table, its stream and a real endpoint', () => {
  it('killed again and again, delivers every outcome, each lead in its order', async () => {
    const made = await tables();
    const stores = storesOver(made, handClock(), () => 0);
    const { got, url, until } = await crm();
    const directory = await mkdtemp(join(tmpdir(), 'outbox-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const environment = { DYNAMODB_ENDPOINT: endpoint(), CALLS_TABLE: made.callsTable, SESSIONS_TABLE: made.sessionsTable, OUTBOX_URL: url, OUTBOX_SECRET: secret, RINGBACK_DATA_DIR: directory };
    const LEADS = 12;
    const had = (): Set<string> => new Set(got.map(({ id }) => id));

    for (let n = 1; n <= LEADS; n += 1) await stores.leads.createEnquiry(newEnquiry(n));
    const outcomes = ['unreachable', 'reached', 'do-not-call'] as const;
    for (const [round, status] of outcomes.entries()) {
      const child = await start(environment);
      const before = had().size;
      for (let n = 1; n <= LEADS; n += 1) expect(await stores.leads.settleLead(leadIdNumber(n), round + 1, { status, disposition: 'unknown', summary: null })).toBe(true);
      // In the middle of it: some have arrived, and some have not.
      await until(() => had().size >= before + 3);
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await start(environment);
    await until(() => had().size === LEADS * outcomes.length);

    for (let n = 1; n <= LEADS; n += 1) {
      const own = got.filter(({ lead }) => lead.leadId === leadIdNumber(n));
      expect(own.map(({ sequence }) => sequence)).toEqual(own.map(({ sequence }) => sequence).toSorted((a, b) => a - b));
      expect([...new Map(own.map(({ id, lead }) => [id, lead.status])).values()]).toEqual([...outcomes]);
    }
  });

  it('tells the erasure of a lead whose outcome it had told', async () => {
    const made = await tables();
    const clock = handClock();
    const stores = storesOver(made, clock, () => 0);
    const { got, url, until } = await crm();
    const directory = await mkdtemp(join(tmpdir(), 'outbox-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    await start({ DYNAMODB_ENDPOINT: endpoint(), CALLS_TABLE: made.callsTable, SESSIONS_TABLE: made.sessionsTable, OUTBOX_URL: url, OUTBOX_SECRET: secret, RINGBACK_DATA_DIR: directory });
    await stores.leads.createEnquiry(newEnquiry(1));
    await stores.leads.settleLead(leadIdNumber(1), 1, { status: 'reached', disposition: 'interested', summary: 'Ada wants it.' });
    await until(() => got.length === 1);
    const begun = await stores.erasures.begin(leadIdNumber(1), NOON);
    await stores.erasures.finish(begun!);
    await until(() => got.length === 2);
    expect(got.map(({ erased, sequence }) => [erased, sequence])).toEqual([[false, 2], [true, 3]]);
    expect(JSON.stringify(got[1])).not.toMatch(/Ada|442079460018|boiler/);
  });
});
