/** Starts the simulated ElevenLabs for one test and stops it after. The key, the agent and quick durations are the same everywhere. */
import { onTestFinished } from 'vitest';
import { startElevenLabs, type AgentOptions, type ElevenLabsOptions, type RunningElevenLabs } from '#local/elevenlabs/start.ts';
import { connect, type Client } from './client.ts';

export const KEY = 'key-for-tests';
export const AGENT = 'agent_test';

/** Mu-law both ways, and waits for the caller to speak first. */
export const LISTENER: AgentOptions = { inputFormat: 'ulaw_8000', outputFormat: 'ulaw_8000', firstMessage: '' };

export const started = async (options: Partial<ElevenLabsOptions> = {}): Promise<RunningElevenLabs> => {
  const running = await startElevenLabs({ apiKey: KEY, agentId: AGENT, pace: 10, ...options });
  onTestFinished(() => running.stop());
  return running;
};

/** A socket with the key in its header. */
export const dial = (running: RunningElevenLabs, options: { agentId?: string; pong?: boolean; key?: string } = {}): Promise<Client> =>
  connect(`${running.url.replace('http', 'ws')}/v1/convai/conversation?agent_id=${options.agentId ?? AGENT}`, {
    headers: { 'xi-api-key': options.key ?? KEY },
    pong: options.pong ?? true,
  });

/** Dynamic variables that tell the agent which number was called. */
export const called = (digits: string): Record<string, unknown> => ({ dynamic_variables: { called_number: `+4477009001${digits}` } });

export const get = async (running: RunningElevenLabs, path: string, init: { method?: string; body?: string; headers?: Record<string, string> } = {}): Promise<{ status: number; body: unknown }> => {
  const response = await fetch(running.url + path, { ...init, headers: { 'xi-api-key': KEY, ...init.headers } });
  return { status: response.status, body: await response.json() };
};
