/** The simulated agent asks the client for something with these, and waits for the answer, but not forever. */
import { randomBytes } from 'node:crypto';
import type { JsonObject } from './json.ts';
import type { Turn } from './record.ts';

export type ToolCalls = {
  /** Resolves with what the client said, or with an error when it said nothing in time. */
  call(name: string, parameters: Record<string, string>, eventId: number, turn: Turn, waitMs: number): Promise<{ isError: boolean }>;
  /** The client's answer; false for an id that was never asked or is answered already. */
  answered(id: string, result: string, isError: boolean): boolean;
  pending(): boolean;
  stop(): void;
};

export const toolCalls = (send: (frame: JsonObject) => void, pace: number): ToolCalls => {
  const waiting = new Map<string, (result: string, isError: boolean) => void>();

  const call: ToolCalls['call'] = (name, parameters, eventId, turn, waitMs) => {
    const id = `${name}_${randomBytes(8).toString('hex')}`;
    const askedMs = Date.now();
    turn.tool_calls.push({ type: 'client', request_id: id, tool_name: name, params_as_json: JSON.stringify(parameters), tool_has_been_called: true });
    return new Promise((resolve) => {
      const done = (result: string, isError: boolean): void => {
        clearTimeout(timer);
        waiting.delete(id);
        turn.tool_results.push({ type: 'client', request_id: id, tool_name: name, result_value: result, is_error: isError, tool_latency_secs: (Date.now() - askedMs) / 1000 });
        resolve({ isError });
      };
      const timer = setTimeout(() => done('Tool response timed out.', true), waitMs / pace);
      waiting.set(id, done);
      send({ type: 'client_tool_call', client_tool_call: { tool_name: name, tool_call_id: id, parameters, event_id: eventId, expects_response: true } });
    });
  };

  return {
    call,
    answered: (id, result, isError) => {
      const done = waiting.get(id);
      done?.(result, isError);
      return done !== undefined;
    },
    pending: () => waiting.size > 0,
    stop: () => {
      for (const done of waiting.values()) done('The conversation ended.', true);
    },
  };
};
