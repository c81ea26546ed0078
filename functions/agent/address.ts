// Where the conversation is opened: a signed URL asked of ElevenLabs for each call, or, without a key, the public agent's own address.
import * as z from 'zod';
import { AgentUnavailable, faultOfAnswer } from './failure.ts';

export interface AgentConfig {
  /** Of the REST API, without a slash at the end; conversations are under the same host. */
  baseUrl: string;
  agentId: string;
  /** Without one the agent must be public. */
  apiKey: string | undefined;
}

const answerSchema = z.object({ signed_url: z.string().refine((text) => URL.canParse(text) && ['ws:', 'wss:'].includes(new URL(text).protocol)) });

/** Answers of this endpoint are a few hundred bytes. */
const MOST_ANSWER_BYTES = 64 * 1024;

const readBody = async (response: Response): Promise<unknown> => {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MOST_ANSWER_BYTES) throw new AgentUnavailable('agent-unreachable', response.status, false, { message: 'elevenlabs answered more than was asked for' });
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
};

/**
 * A fresh address for one conversation; ElevenLabs lets it begin one within 15 minutes. Asked once, within `timeoutMs`. Throws
 * AgentUnavailable. The address is a secret: whoever has it talks at our expense.
 */
export const conversationAddress = async (config: AgentConfig, timeoutMs: number, signal?: AbortSignal): Promise<string> => {
  const agent = `agent_id=${encodeURIComponent(config.agentId)}`;
  if (!config.apiKey) return `${config.baseUrl.replace(/^http/, 'ws')}/v1/convai/conversation?${agent}`;
  const limit = AbortSignal.timeout(timeoutMs);
  let status = 0;
  try {
    const response = await fetch(`${config.baseUrl}/v1/convai/conversation/get-signed-url?${agent}`, {
      headers: { 'xi-api-key': config.apiKey, accept: 'application/json' }, redirect: 'error', signal: signal ? AbortSignal.any([limit, signal]) : limit,
    });
    status = response.status;
    const body = await readBody(response);
    if (!response.ok) throw new AgentUnavailable(faultOfAnswer(status, body), status, status >= 500 || status === 429);
    const answer = answerSchema.safeParse(body);
    if (!answer.success) throw new AgentUnavailable('agent-unreachable', status, false, { message: 'elevenlabs answered without a usable signed_url' });
    return answer.data.signed_url;
  } catch (error) {
    if (error instanceof AgentUnavailable) throw error;
    throw new AgentUnavailable('agent-unreachable', status, true, { message: limit.aborted ? `elevenlabs did not answer within ${timeoutMs} ms` : 'elevenlabs could not be reached', cause: error });
  }
};
