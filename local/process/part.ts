// Called by the local composition for each part that is a process of its own (relay, phone network): starts it under this very Node, passes
// its output on line by line under its name, notices its death, and ends it in order.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

export interface PartOptions {
  /** Stands before each line of its output. */
  name: string;
  /** A script for this Node, with arguments. */
  args: readonly string[];
  /** Another program than this Node. It gets no channel then, and `ready` must be a line. */
  command?: string;
  /** Replaces the environment; this process's own without it. */
  env?: NodeJS.ProcessEnv;
  /** A line of its standard output that says it is ready. Without it, tellReady() of parent.ts says so. */
  ready?: RegExp;
  readyWithinMs?: number;
  /** Between SIGTERM and SIGKILL. */
  graceMs?: number;
  /** Takes each line, prefixed; standard output and error of this process without it. */
  print?: (line: string, from: 'stdout' | 'stderr') => void;
}

export interface Part {
  name: string;
  pid: number;
  /** What tellReady() was given; empty when a line said it. */
  details: Readonly<Record<string, unknown>>;
  /** Rejects when it ends without having been asked to; never resolves. */
  died: Promise<never>;
  /** SIGTERM, and SIGKILL after the grace. Stopping twice, or what has ended, is fine. */
  stop: () => Promise<void>;
}

const readDetails = (message: unknown): Readonly<Record<string, unknown>> | undefined => {
  if (typeof message !== 'object' || message === null || !('ready' in message)) return undefined;
  return typeof message.ready === 'object' && message.ready !== null ? message.ready as Record<string, unknown> : {};
};

/** Resolves when the part says that it is ready. Rejects, and leaves nothing running, when it ends first or takes too long. */
export const spawnPart = async (options: PartOptions): Promise<Part> => {
  const { name, args, command = process.execPath, env = process.env, ready, readyWithinMs = 10_000, graceMs = 5_000 } = options;
  const print = options.print ?? ((line, from) => { process[from].write(`${line}\n`); });
  const own = options.command === undefined;
  const child = spawn(command, own ? ['--disable-warning=ExperimentalWarning', ...args] : args, {
    // A process group of its own: at Ctrl-C the composition decides who stops first. That it dies with us is the channel's doing.
    env, detached: true, stdio: own ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'],
  });
  let stopping = false;
  let ends = '';
  const ended = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => { ends ||= signal ?? `exit code ${code}`; resolve(); });
    child.once('error', (error) => { ends ||= error.message; resolve(); });
  });
  const died = ended.then((): Promise<never> =>
    stopping ? new Promise<never>(() => {}) : Promise.reject(new Error(`${name} ended by itself (${ends})`)));
  died.catch(() => {}); // heard by those who listen; nobody has to

  const stop = async (): Promise<void> => {
    stopping = true;
    child.kill('SIGTERM');
    const bound = setTimeout(() => child.kill('SIGKILL'), graceMs);
    await ended;
    clearTimeout(bound);
  };

  let timer: NodeJS.Timeout | undefined;
  const saidSo = new Promise<Readonly<Record<string, unknown>>>((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${name} was not ready within ${readyWithinMs / 1_000} s`)), readyWithinMs);
    const pass = (from: 'stdout' | 'stderr', output: Readable | null): void => {
      if (!output) return;
      createInterface({ input: output }).on('line', (line) => {
        if (from === 'stdout' && ready?.test(line)) resolve({});
        print(`${name} | ${line}`, from);
      });
    };
    pass('stdout', child.stdout);
    pass('stderr', child.stderr);
    child.on('message', (message) => {
      const details = readDetails(message);
      if (details && !ready) resolve(details);
    });
  });
  try {
    const details = await Promise.race([saidSo, died]);
    return { name, pid: child.pid!, details, died, stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearTimeout(timer);
    saidSo.catch(() => {}); // too late to matter once it died
  }
};
