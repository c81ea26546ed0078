// Used by the whole-stack tests: `npm start` as a child process with a data directory and ports of its own, and the proof that nothing is left of it.
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './until.ts';

const root = join(import.meta.dirname, '..', '..');
/** Whatever a developer's .env says, these tests reach nobody's account: an empty variable counts as absent and is not overwritten. */
const nobody = Object.fromEntries([
  'STAGE', 'PUBLIC_BASE_URL', 'PUBLIC_STREAM_URL', 'WEBHOOK_PUBLIC_BASE', 'DYNAMODB_ENDPOINT', 'TELEPHONY_PROVIDER', 'TWILIO_API_BASE_URL', 'TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN',
  'TWILIO_PHONE_NUMBER', 'TWILIO_CALL_FLOW_URL', 'TWILIO_WEBHOOK_URL', 'TWILIO_RECORD_CALLS', 'ELEVENLABS_API_BASE_URL', 'ELEVENLABS_API_KEY', 'ELEVENLABS_AGENT_ID', 'ELEVENLABS_AGENT_ID_EXOTEL',
  'ELEVENLABS_WEBHOOK_SECRET', 'EXOTEL_ACCOUNT_SID', 'EXOTEL_API_KEY', 'EXOTEL_API_TOKEN', 'POLICY_FILE', 'CALLS_PER_SECOND', 'MEDIA_INGRESS', 'RELAY_TASKS', 'STREAM_TICKET_SECRET',
  'STREAM_TICKET_TTL_SECONDS', 'RECONCILE_AFTER_SECONDS', 'SKIP_WEBHOOK_SIGNATURE_VALIDATION', 'OUTBOX_URL', 'TURNSTILE_SECRET', 'DEFAULT_COUNTRY_CODE', 'LOG_LEVEL',
  'EXOTEL_FLOW_ID', 'EXOTEL_CALL_FLOW_URL', 'EXOTEL_CONNECT_NUMBERS', 'TRANSFER_NUMBERS', 'RESUME_MESSAGE', 'NOBODY_FREE_MESSAGE', 'TCX_API_URL', 'REDIS_URL', 'DATABASE_URL',
].map((name) => [name, '']));

export const freePort = (): Promise<number> => new Promise((resolve, reject) => {
  const server = createServer().once('error', reject);
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    server.close(() => resolve(port));
  });
});

export const dataDirectory = (): string => mkdtempSync(join(tmpdir(), 'ringback-whole-'));

/** JSON with its names in one order: the engine gives them in any. */
const inOrder = (value: unknown): string => JSON.stringify(value, (_key, inner: unknown) =>
  inner !== null && typeof inner === 'object' && !Array.isArray(inner) ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1))) : inner);

/** A connection of its own: on a busy machine the server may close a kept one just as it is used again. */
export const fresh = { connection: 'close' };

export interface ProcessSeen { pid: number; command: string }

/** Every process that was started with this data directory in its environment, zombies excepted. */
export const processesOf = (directory: string): ProcessSeen[] => readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name) => {
  try {
    if (!readFileSync(`/proc/${name}/environ`, 'latin1').split('\0').includes(`RINGBACK_DATA_DIR=${directory}`)) return [];
    return [{ pid: Number(name), command: readFileSync(`/proc/${name}/cmdline`, 'latin1').replaceAll('\0', ' ').trim() }];
  } catch {
    return []; // it ended while we looked, or is somebody else's
  }
});

export interface Run {
  directory: string;
  port: number;
  relayPort: number;
  /** Everything that it printed. */
  output: () => string;
  exit: Promise<number | NodeJS.Signals>;
  /** The same once it has ended. */
  exited: () => number | NodeJS.Signals | undefined;
  /** Signals the whole group, as a terminal does at Ctrl-C. */
  interrupt: (signal?: NodeJS.Signals) => void;
  /** Kills one process of it without a word. */
  kill9: (part: 'main' | 'relay') => number;
}

export interface StackOptions { env?: Record<string, string>; directory?: string; port?: number; relayPort?: number }

/** Starts it and does not wait. */
export const run = async (options: StackOptions = {}): Promise<Run> => {
  const directory = options.directory ?? dataDirectory();
  const port = options.port ?? await freePort();
  const relayPort = options.relayPort ?? await freePort();
  const child = spawn(process.execPath, ['bin/with-node.mjs', 'bin/local.ts'], {
    cwd: root, detached: true, stdio: ['ignore', 'pipe', 'pipe'],
    // As under npm: with-node.mjs then watches its parent, so that nothing outlives a test run that is killed.
    env: { npm_lifecycle_event: 'start', PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...nobody, PORT: String(port), RELAY_PORT: String(relayPort), ...options.env, RINGBACK_DATA_DIR: directory },
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => { printed += chunk.toString(); });
  let ended: number | NodeJS.Signals | undefined;
  const exit = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('close', (code, signal) => {
      ended = code ?? signal ?? 1;
      resolve(ended);
    });
  });
  return {
    directory, port, relayPort, exit, exited: () => ended, output: () => printed,
    interrupt: (signal = 'SIGINT') => { process.kill(-child.pid!, signal); },
    kill9: (part) => {
      const found = processesOf(directory).filter(({ command, pid }) => pid !== child.pid && !command.includes('with-node') && command.includes(part === 'main' ? 'bin/local.ts' : 'relay/main.ts'));
      if (found.length !== 1) throw new Error(`${found.length} processes are the ${part}`);
      process.kill(found[0]!.pid, 'SIGKILL');
      return found[0]!.pid;
    },
  };
};

export interface Problem { status: number; code: string; detail: string; errors?: { field: string; message: string }[] }

export interface Stack extends Run {
  base: string;
  token: string;
  api: (path: string, method?: string) => Promise<{ status: number; body: unknown }>;
  /** Every item of both tables, in one order. */
  scan: () => Promise<string[]>;
  /** Ctrl-C; resolves once nothing is left of it. Rejects when it did not end with 0. */
  stop: () => Promise<void>;
}

const withPort = async (options: StackOptions): Promise<Run> => {
  for (;;) {
    const started = await run(options);
    const health = async (): Promise<boolean> => {
      const answer = await fetch(`http://127.0.0.1:${started.port}/health`, { headers: fresh }).catch(() => undefined);
      return answer?.status === 200 && ((await answer.json()) as { ok: boolean }).ok;
    };
    await until(`npm start is ready (${started.directory})`, async () => started.exited() !== undefined || (await health() && started.output().includes('Ringback is ready')), 30_000);
    if (started.exited() === undefined) return started;
    // Another test took the port between our looking and its start.
    if (options.port === undefined && /is taken|in use|EADDRINUSE/i.test(started.output())) continue;
    throw new Error(`npm start ended with ${started.exited()}:\n${started.output()}`);
  }
};

/** Starts it and waits until every part says that it works. */
export const startStack = async (options: StackOptions = {}): Promise<Stack> => {
  const token = options.env?.['ADMIN_TOKEN'] ?? 'a token of sixteen or more characters'.replaceAll(' ', '-');
  const started = await withPort({ ...options, env: { ADMIN_TOKEN: token, CALLS_PER_SECOND: '50', ...options.env } });
  const base = `http://127.0.0.1:${started.port}`;
  const endpoint = /Database\s+(http:\S+)/.exec(started.output())![1]!;
  const scan = async (): Promise<string[]> => {
    const client = new DynamoDBClient({ endpoint, region: 'local', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } });
    const items: string[] = [];
    for (const TableName of ['ringback-calls', 'ringback-relay-sessions']) {
      for (let from: Record<string, never> | undefined; ;) {
        const page = await client.send(new ScanCommand({ TableName, ConsistentRead: true, ...(from ? { ExclusiveStartKey: from } : {}) }));
        items.push(...(page.Items ?? []).map(inOrder));
        from = page.LastEvaluatedKey as Record<string, never> | undefined;
        if (!from) break;
      }
    }
    client.destroy();
    return items.sort();
  };
  return {
    ...started, base, token, scan,
    api: async (path, method = 'GET') => {
      const answer = await fetch(`${base}${path}`, { method, headers: { authorization: `Bearer ${token}`, ...fresh } });
      const text = await answer.text();
      return { status: answer.status, body: text ? JSON.parse(text) : undefined };
    },
    stop: async () => {
      started.interrupt();
      const code = await started.exit;
      await until('nothing is left of npm start', () => processesOf(started.directory).length === 0, 8000);
      rmSync(started.directory, { recursive: true, force: true });
      if (code !== 0) throw new Error(`npm start ended with ${code}:\n${started.output()}`);
    },
  };
};
