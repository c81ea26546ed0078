// What is measured: each contender is a process of its own on one core, started and asked for its figures here. Used by rounds.ts, most-calls.ts.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Told } from './child.ts';
import { canPin, MEASURED_CORE } from './machine.ts';

export const contenders = [
  { name: 'tcp', file: 'tcp-pipe.ts', what: 'bare TCP pipe' },
  { name: 'ws', file: 'ws-pipe.ts', what: 'bare ws pipe' },
  { name: 'json', file: 'json-bridge.ts', what: 'JSON.parse and JSON.stringify' },
  { name: 'example', file: 'json-bridge.ts', what: "ElevenLabs' example", env: { DECODES: '1' } },
  { name: 'ours', file: 'ours.ts', what: 'Ringback' },
  { name: 'ours-40ms', file: 'ours.ts', what: 'Ringback, AGENT_CHUNK_MS=40', env: { AGENT_CHUNK_MS: '40' } },
  { name: 'ours-60ms', file: 'ours.ts', what: 'Ringback, AGENT_CHUNK_MS=60', env: { AGENT_CHUNK_MS: '60' } },
] as const satisfies { name: string; file: string; what: string; env?: Record<string, string> }[];

export type ContenderName = (typeof contenders)[number]['name'];

export interface Running {
  port: number;
  /** CPU of the whole process so far in ms, its memory now in bytes, and what it counted. */
  ask(): Promise<Told>;
  stop(): Promise<void>;
}

const answerOf = async <T>(child: ChildProcess, wanted: string): Promise<T> => {
  const ended = new AbortController();
  const died = once(child, 'exit', { signal: ended.signal }).then(() => Promise.reject(new Error(`${child.spawnargs.at(-1)} ended by itself`)));
  const answer = async (): Promise<T> => {
    for (;;) {
      const [message] = await once(child, 'message', { signal: ended.signal }) as [Record<string, unknown>];
      if (wanted in message) return message[wanted] as T;
    }
  };
  try {
    return await Promise.race([answer(), died]);
  } finally {
    ended.abort();
    died.catch(() => {});
  }
};

/** `env`: where the agent is, and what differs between contenders. */
export const start = async (file: string, env: Record<string, string>, nodeOptions: string[] = []): Promise<Running> => {
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', ...nodeOptions, join(import.meta.dirname, file)];
  const [command, ...args] = canPin() ? ['taskset', '-c', String(MEASURED_CORE), ...node] : node;
  const child = spawn(command!, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], env: { ...process.env, ...env } });
  const { port } = await answerOf<{ port: number }>(child, 'ready');
  return {
    port,
    ask: () => {
      const told = answerOf<Told>(child, 'told');
      child.send({ ask: true });
      return told;
    },
    stop: async () => {
      if (child.exitCode !== null) return;
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
};

export const startContender = (name: ContenderName, agentPort: number): Promise<Running> => {
  const contender = contenders.find((known) => known.name === name)!;
  return start(contender.file, { AGENT_PORT: String(agentPort), ...('env' in contender ? contender.env : {}) }, process.env['BENCH_NODE_OPTIONS']?.split(' '));
};
