// Starts a simulated Twilio on loopback: the local stack and the tests call this, and speak to it only through Twilio's public protocol.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type Call, type Carrier, isOver } from './call.ts';
import { endCall } from './call-life.ts';
import { createDebugger, type Notice } from './debugger.ts';
import { createFront } from './http.ts';
import { settle, type TwilioOptions } from './settings.ts';
import { createSwitch } from './switch.ts';

export type { Call } from './call.ts';
export type { Person, Script, Utterance } from '#local/people/caller.ts';
export type { Story } from '#local/people/stories.ts';
export type { TwilioOptions } from './settings.ts';

export type SimulatedTwilio = {
  /** What to give as TWILIO_API_BASE_URL. */
  url: string;
  port: number;
  /** All calls that are remembered, oldest first. Live records: read, do not write. */
  calls(): Call[];
  call(sid: string): Call | undefined;
  /** The debugger's warnings and errors, of one call or of all. */
  notices(callSid?: string): Notice[];
  /** A person rings in (needs `voiceUrl`). */
  ringIn(from: string, to: string): Call;
  /** Resolves when the call is over and its last callback was delivered or given up. */
  over(sid: string): Promise<Call>;
  /** Ends every call, closes every socket, and resolves when nothing is left running. Twice is fine. */
  stop(): Promise<void>;
};

/** Rejects with the server's own error when the port is taken. */
export const startTwilio = async (options: TwilioOptions): Promise<SimulatedTwilio> => {
  const settings = settle(options);
  const carrier: Carrier = {
    settings, debugger: createDebugger(settings.clock.date, settings.log), calls: new Map(), recordings: new Map(), baseUrl: '',
    stopping: new AbortController(), running: new Set(),
  };
  const theSwitch = createSwitch(carrier);
  const server = createFront(carrier, theSwitch);
  server.listen(settings.port, settings.host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  carrier.baseUrl = `http://${settings.host}:${port}`;
  const settled = async (running: ReadonlySet<Promise<void>>): Promise<void> => {
    while (running.size > 0) await Promise.all(running);
  };
  let stopped: Promise<void> | null = null;

  const stop = async (): Promise<void> => {
    theSwitch.stop();
    carrier.stopping.abort(new Error('the network stops'));
    for (const call of carrier.calls.values()) endCall(carrier, call, call.answeredAt ? 'completed' : 'canceled', 'the network stops');
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
    await settled(carrier.running);
  };

  return {
    url: carrier.baseUrl,
    port,
    calls: () => [...carrier.calls.values()],
    call: (sid) => carrier.calls.get(sid),
    notices: (callSid) => carrier.debugger.notices(callSid),
    ringIn: (from, to) => theSwitch.ringIn(from, to),
    async over(sid) {
      const call = carrier.calls.get(sid);
      if (!call) throw new RangeError('no call has this sid');
      if (!isOver(call)) await once(call.over.signal, 'abort');
      await settled(call.running);
      return call;
    },
    stop: () => (stopped ??= stop()),
  };
};
