/** What the simulated ElevenLabs says when something is wrong: REST bodies, error frames, close codes. */
import type { JsonObject } from './json.ts';

export type RestError = { status: number; body: JsonObject };

export const detail = (httpStatus: number, status: string, message: string): RestError => ({ status: httpStatus, body: { detail: { status, message } } });

export const notFound: RestError = { status: 404, body: { detail: 'Not Found' } };
export const methodNotAllowed: RestError = { status: 405, body: { detail: 'Method Not Allowed' } };
export const invalidApiKey = detail(401, 'invalid_api_key', 'Invalid API key');
export const agentNotFound = (agentId: string): RestError => detail(404, 'agent_not_found', `Agent with id ${agentId} was not found`);
export const toolNotFound = (id: string): RestError => detail(404, 'tool_not_found', `Tool with id ${id} was not found`);
export const toolInUse = (id: string): RestError => detail(409, 'tool_in_use', `Tool with id ${id} is used by agents`);
export const conversationNotFound = (id: string): RestError =>
  detail(404, 'conversation_history_not_found', `Conversation with id ${id} was not found`);

/** 422: one thing that is wrong with the request, in the array shape. */
export const unprocessable = (loc: string[], msg: string, type: string): RestError => ({ status: 422, body: { detail: [{ loc, msg, type }] } });
export const fieldRequired = (...loc: string[]): RestError => unprocessable(loc, 'Field required', 'missing');

/** How a conversation ends: the close frame, and the error frame that may go before it. */
export type Ending = { code: number; reason: string; frame?: JsonObject };

/** Structured error frame, then a close with the same code. */
export const failure = (code: number, errorType: string, message: string): Ending => ({
  code,
  reason: message,
  frame: { type: 'error', error_event: { code, message, error_type: errorType, reason: message } },
});

/** Quota comes as the flat frame (packages#911). */
export const quotaExceeded: Ending = {
  code: 1002,
  reason: 'This request exceeds your quota limit.',
  frame: { type: 'error', message: 'received 1002 (protocol error) This request exceeds your quota limit.' },
};

export const unknownAgent: Ending = { code: 3000, reason: 'The AI agent you are trying to reach does not exist.' };
export const unauthorised: Ending = { code: 3000, reason: 'Could not authorize the conversation.' };
export const queueTimedOut: Ending = { code: 3008, reason: 'too many concurrent connections' };
export const crash: Ending = { code: 1011, reason: 'unknown_websocket_crash' };
export const invalidMessage = (message: string): Ending => failure(1008, 'invalid_message', message);
