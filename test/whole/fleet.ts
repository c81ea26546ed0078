// Used by the tests and benches of many relay processes: a database, an agent that talks with everybody, the API Gateway stand-in, and relays
// that can be started, told to end and killed while callers are on the line.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newLeadId } from '#house/ids.ts';
import { systemClock } from '#house/clock.ts';
import { attemptIdOf, readAttemptId } from '#calls/lead.ts';
import { sealTicket } from '#calls/ticket.ts';
import type { Accent } from '#doubles/busy-lines.ts';
import { attemptRecord, leadRecord, statusEvent } from '#doubles/records.ts';
import { connection } from '#local/database/connection.ts';
import { startDatabase } from '#local/database/database.ts';
import { createTables } from '#local/database/tables.ts';
import { startGatewaySocket, type GatewaySocketOptions } from '#local/gateway-socket/start.ts';
import { freePort } from '#local/process/free-port.ts';
import { connect } from '#store/client.ts';
import { storesOver } from '#store/dynamo-stores.ts';
import { callsTable, sessionsTable } from '#store/table.ts';

const root = join(import.meta.dirname, '..', '..');
const READY_MS = 30_000;
const tables = { callsTable: 'ringback-calls', sessionsTable: 'ringback-relay-sessions' };
export const ticketSecret = 'a secret of the tests, long enough for anybody.';

export interface RelayProcess {
  readonly pid: number;
  readonly base: string;
  readonly revision: string;
  readonly exit: Promise<number | NodeJS.Signals>;
  output(): string;
  signal(name: 'SIGTERM' | 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void;
  /** Calls that it talks in. */
  active(): Promise<number>;
  /** Counters without labels, by their names in functions/relay/metrics.ts. */
  counts(): Promise<Record<string, number>>;
  /** Asks it something over its channel; only relays of a bench answer. */
  ask<T>(question: string): Promise<T>;
}

/** A call as a carrier holds it: seeded in the store, with the ticket that its stream shows. */
export interface SeededCall { callId: string; leadId: string; callSid: string; accent: Accent; ticket: string }

export interface Fleet {
  readonly stores: ReturnType<typeof storesOver>;
  /** Where carriers connect. */
  readonly url: string;
  /** The database's. */
  readonly endpoint: string;
  /** Those that get messages, in the order in which they were started. */
  readonly relays: readonly RelayProcess[];
  /** Starts another and registers it once it is healthy. */
  add(revision?: string): Promise<RelayProcess>;
  /** Sends it no more messages, as ECS does just before SIGTERM. */
  deregister(relay: RelayProcess): Promise<void>;
  seed(accent: Accent, name?: string): Promise<SeededCall>;
  /** Ends relays in order, then all else. Resolves with how each relay that was still running ended; asking twice is fine. */
  stop(): Promise<(number | NodeJS.Signals)[]>;
}

export interface FleetOptions {
  relays: number;
  agentUrl: string;
  gateway?: Partial<GatewaySocketOptions>;
  env?: Record<string, string>;
  /** Instead of functions/relay/main.ts. */
  entry?: string;
  nodeArgs?: readonly string[];
}

const startRelay = async (entry: string, nodeArgs: readonly string[], env: Record<string, string>): Promise<RelayProcess> => {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...nodeArgs, entry], { cwd: root, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env });
  let printed = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk: Buffer) => { printed = (printed + chunk.toString()).slice(-100_000); });
  const exit = new Promise<number | NodeJS.Signals>((resolve) => { child.once('close', (code, signal) => resolve(code ?? signal ?? 1)); });
  const base = `http://127.0.0.1:${env['RELAY_PORT']}`;
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([
    new Promise<void>((resolve) => {
      const ready = (message: unknown): void => {
        if (message === null || typeof message !== 'object' || !('ready' in message)) return;
        child.off('message', ready);
        resolve();
      };
      child.on('message', ready);
    }),
    exit.then((how) => { throw new Error(`a relay ended with ${how} before it was ready:\n${printed}`); }),
    new Promise<never>((_resolve, reject) => { timer = setTimeout(() => reject(new Error(`a relay was not ready within ${READY_MS / 1000} s:\n${printed}`)), READY_MS); }),
  ]).finally(() => clearTimeout(timer));
  const get = async (path: string): Promise<string> => (await fetch(`${base}${path}`, { headers: { connection: 'close' } })).text();
  return {
    pid: child.pid!, base, revision: env['RELAY_REVISION']!, exit, output: () => printed,
    signal: (name) => void child.kill(name),
    active: async () => (JSON.parse(await get('/ready')) as { active: number }).active,
    counts: async () => Object.fromEntries([...(await get('/metrics')).matchAll(/^ringback_(\w+?)(?:_total)? (\d+(?:\.\d+)?)$/gm)].map(([, name, value]) => [name!, Number(value)])),
    ask: <T>(question: string) => new Promise<T>((resolve, reject) => {
      const answered = (message: unknown): void => {
        if (message === null || typeof message !== 'object' || !('answer' in message)) return;
        child.off('message', answered);
        resolve(message.answer as T);
      };
      child.on('message', answered);
      child.send({ question }, (error) => { if (error) reject(error); });
    }),
  };
};

/** Whatever the machine's environment says, relays of a fleet reach nobody's account. */
const environment = (endpoint: string, agentUrl: string, streamUrl: string, more: Record<string, string>): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', DYNAMODB_ENDPOINT: endpoint, CALLS_TABLE: tables.callsTable, SESSIONS_TABLE: tables.sessionsTable,
  ELEVENLABS_API_BASE_URL: agentUrl, ELEVENLABS_API_KEY: 'key', ELEVENLABS_AGENT_ID: 'agent_of_the_tests', STREAM_TICKET_SECRET: ticketSecret,
  MEDIA_INGRESS: 'apigateway', PUBLIC_STREAM_URL: streamUrl, LOG_LEVEL: 'warn', ...more,
});

export const startFleet = async (options: FleetOptions): Promise<Fleet> => {
  const { agentUrl, entry = join(root, 'functions', 'relay', 'main.ts'), nodeArgs = [] } = options;
  const directory = mkdtempSync(join(tmpdir(), 'ringback-fleet-'));
  const database = await startDatabase({ directory });
  const client = new DynamoDBClient(connection(database.endpoint));
  // Without its stream: nobody delivers outcomes here.
  const { StreamSpecification: _stream, ...calls } = callsTable(tables.callsTable);
  await createTables(client, [{ table: { ...calls, TableName: tables.callsTable } }, { table: { ...sessionsTable(tables.sessionsTable), TableName: tables.sessionsTable } }]);
  client.destroy();
  const connected = connect({ endpoint: database.endpoint, ...tables });
  const stores = storesOver(connected, systemClock, () => 1000);
  const gateway = await startGatewaySocket({ port: 0, relays: [], ...options.gateway });
  const running = new Set<RelayProcess>();
  let registered: RelayProcess[] = [];
  let seeded = 0;
  let stopped = false;
  const register = (relays: RelayProcess[]): Promise<void> => {
    registered = relays;
    return gateway.relays.set(relays.map(({ base }) => base));
  };
  const start = async (revision: string): Promise<RelayProcess> => {
    const port = await freePort();
    const relay = await startRelay(entry, nodeArgs, {
      ...environment(database.endpoint, agentUrl, gateway.url, options.env ?? {}), RELAY_PORT: String(port), RELAY_ADDRESS: `127.0.0.1:${port}`, RELAY_REVISION: revision,
    });
    running.add(relay);
    void relay.exit.then(() => running.delete(relay));
    return relay;
  };
  await register(await Promise.all(Array.from({ length: options.relays }, () => start('relay:1'))));

  return {
    stores, url: gateway.url, endpoint: database.endpoint,
    get relays() { return registered; },
    add: async (revision = 'relay:1') => {
      const relay = await start(revision);
      await register([...registered, relay]);
      return relay;
    },
    deregister: (relay) => register(registered.filter((one) => one !== relay)),
    seed: async (accent, name = 'Ada Byron') => {
      const number = ++seeded;
      const leadId = newLeadId();
      const attemptId = attemptIdOf(leadId, 1);
      const { callId } = readAttemptId(attemptId)!;
      const phone = `+4477009${String(number % 100_000).padStart(5, '0')}`;
      const callSid = `${accent === 'twilio' ? 'CA' : 'EX'}${String(number).padStart(32, '0')}`;
      const at = new Date().toISOString();
      await stores.leads.createEnquiry({
        lead: leadRecord({ leadId, name, phone, createdAt: at }), attempt: attemptRecord({ leadId, attemptId, carrier: accent, state: 'placed', dueAt: at, callSid, claimedAt: at }),
        idempotencyKey: leadId, fingerprint: leadId, expiresAt: at,
      });
      await stores.calls.open({ callId, attemptId, leadId, carrier: accent, direction: 'outbound', from: '+15005550006', to: phone }, at);
      await stores.calls.bind(callId, accent, callSid);
      await stores.calls.append(callId, statusEvent('in-progress', { at, sequence: 2 }));
      return { callId, leadId, callSid, accent, ticket: sealTicket(ticketSecret, { callId, callSid, epoch: 0, expires: Math.floor(Date.now() / 1000) + 600 }) };
    },
    stop: async () => {
      if (stopped) return [];
      stopped = true;
      const left = [...running];
      for (const relay of left) for (const signal of ['SIGCONT', 'SIGTERM'] as const) relay.signal(signal);
      const ends = await Promise.all(left.map(({ exit }) => exit));
      await gateway.stop();
      connected.db.destroy();
      await database.stop();
      rmSync(directory, { recursive: true, force: true });
      return ends;
    },
  };
};

/** The relay that talks in most calls: the one whose death is noticed. */
export const busiest = async ({ relays }: Fleet): Promise<RelayProcess> => {
  const loads = await Promise.all(relays.map(async (relay) => ({ relay, active: await relay.active() })));
  return loads.toSorted((a, b) => b.active - a.active)[0]!.relay;
};
