// Called by the local composition (bin/local.ts) and by store tests: a DynamoDB-compatible database whose data outlives the process.
// It promises: ready when it resolves, gone when this process is gone (however it went), and a death that is told and not papered over.
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../process/free-port.ts';
import { claimData } from './claim.ts';
import { answers } from './connection.ts';
import { engineFile } from './engine-file.ts';
import { indexStreamRecords } from './stream-index.ts';

/** Start takes 0.05 s; a busy machine may take longer. */
const READY_WITHIN_MS = 10_000;
const GIVEN_WITHIN_MS = 3_000;
/** After this the keeper is killed too. It kills the engine after 2 s. */
const STOP_WITHIN_MS = 4_000;
/** A port that was free may be taken before the engine gets it. */
const PORT_ATTEMPTS = 3;

const keeper = join(dirname(fileURLToPath(import.meta.url)), '..', 'process', 'keeper.ts');

export interface DatabaseOptions {
  /** Where the data lives; made when it is not there. */
  directory: string;
  /** DYNAMODB_ENDPOINT: nothing is started then. */
  endpoint?: string | undefined;
  /** The engine's program, when it is not the embedded one. */
  engine?: string;
}

export interface Database {
  endpoint: string;
  /** False when the endpoint was given. */
  started: boolean;
  /** Rejects when the engine ends without having been asked to; never resolves. */
  died: Promise<never>;
  /** Ends the engine in order: SIGTERM, and SIGKILL after 2 s. Stopping twice is fine. */
  stop: () => Promise<void>;
}

const startEngine = async (engine: string, directory: string, dataFile: string, pidFile: string): Promise<Database> => {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  // A process group of its own: Ctrl-C must not end the database before those who still write to it.
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', keeper, pidFile, engine, '--host', '127.0.0.1', '--port', String(port), '--db-path', dataFile], {
    stdio: ['pipe', 'pipe', 'pipe'], detached: true, cwd: directory,
  });
  let said = '';
  for (const output of [child.stdout, child.stderr]) output.on('data', (chunk: Buffer) => { said = (said + chunk.toString()).slice(-2_000); });
  child.stdin.on('error', () => {}); // broken when the keeper is gone, which 'exit' tells
  let stopping = false;
  const ended = new Promise<void>((resolveEnded) => { child.once('exit', () => resolveEnded()).once('error', () => resolveEnded()); });
  const early = new AbortController();
  const died = ended.then((): Promise<never> => {
    const error = new Error(`The database ended by itself. Its last words: ${said.trim().replaceAll('\n', '; ') || '(none)'}`);
    early.abort(error);
    return stopping ? new Promise<never>(() => {}) : Promise.reject(error);
  });
  died.catch(() => {}); // heard by those who listen; nobody has to

  const stop = async (): Promise<void> => {
    stopping = true;
    child.stdin.end();
    const bound = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
    await ended;
    clearTimeout(bound);
  };
  try {
    await answers(endpoint, READY_WITHIN_MS, early.signal);
    indexStreamRecords(dataFile);
  } catch (error) {
    await stop();
    throw early.signal.aborted ? early.signal.reason : error;
  }
  return { endpoint, started: true, died, stop };
};

/** Starts the embedded engine on a free port, or checks that the given endpoint answers. Rejects with a sentence that says what to do. */
export const startDatabase = async (options: DatabaseOptions): Promise<Database> => {
  if (options.endpoint) {
    try {
      await answers(options.endpoint, GIVEN_WITHIN_MS);
    } catch (error) {
      throw new Error(`Nothing that speaks DynamoDB answers at ${options.endpoint} (DYNAMODB_ENDPOINT). Start it, or leave DYNAMODB_ENDPOINT empty.`, { cause: error });
    }
    return { endpoint: options.endpoint, started: false, died: new Promise(() => {}), stop: async () => {} };
  }
  const engine = options.engine ?? engineFile();
  const directory = resolve(options.directory);
  const [dataFile, pidFile] = [join(directory, 'database.sqlite'), join(directory, 'database.pid')];
  mkdirSync(directory, { recursive: true, mode: 0o700 }); // people's numbers and words lie there
  await claimData(pidFile, dataFile, directory);
  rmSync(pidFile, { force: true });
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startEngine(engine, directory, dataFile, pidFile);
    } catch (error) {
      const lostPort = error instanceof Error && /address (already )?in use/i.test(error.message);
      if (!lostPort || attempt === PORT_ATTEMPTS) throw error;
    }
  }
};
