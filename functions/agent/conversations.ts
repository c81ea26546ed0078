// ElevenLabs' REST API for conversations that are over: deletes one, with its transcript and audio. Used by erasure.
import { UpstreamError } from '#calls/errors.ts';

const TIMEOUT_MS = 10_000;

/** `DELETE /v1/convai/conversations/{id}`. One that is not there is no error. Throws UpstreamError. */
export const deleteConversation = ({ baseUrl, apiKey }: { baseUrl: string; apiKey: string }) => async (conversationId: string): Promise<void> => {
  let response: Response;
  try {
    response = await fetch(`${baseUrl}/v1/convai/conversations/${encodeURIComponent(conversationId)}`, { method: 'DELETE', redirect: 'error', headers: { 'xi-api-key': apiKey }, signal: AbortSignal.timeout(TIMEOUT_MS) });
    await response.arrayBuffer();
  } catch (cause) {
    throw new UpstreamError('elevenlabs', 0, true, { message: 'ElevenLabs could not be reached', cause });
  }
  if (!response.ok && response.status !== 404) throw new UpstreamError('elevenlabs', response.status, response.status === 429 || response.status >= 500);
};
