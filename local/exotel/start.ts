// Starts a simulated Exotel on loopback: the local stack and the tests call this, and speak to it only through Exotel's public protocol.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type Call, type Carrier, isOver } from './call.ts';
import { endCall } from './call-life.ts';
import { createFront } from './http.ts';
import { createNotices, type Notice } from './notices.ts';
import { readNumber } from './numbers.ts';
import { type ExotelOptions, settle } from './settings.ts';
import { createSwitch } from './switch.ts';

export type { Applet, Flow } from './applets.ts';
export type { Call } from './call.ts';
export type { Notice } from './notices.ts';
export type { Exophone, ExotelOptions } from './settings.ts';

export type SimulatedExotel = {
  /** What to give as EXOTEL_API_BASE_URL. */
  url: string;
  port: number;
  /** All calls that are remembered, oldest first. Live records: read, do not write. */
  calls(): Call[];
  call(sid: string): Call | undefined;
  /** What was found wrong with what was sent, about one call or all. */
  notices(callSid?: string): Notice[];
  /** A person rings an ExoPhone that has a flow; both numbers in either form. Throws RangeError otherwise. */
  ringIn(from: string, to: string): Call;
  /** Resolves when the call is over and its last callback was delivered or given up. */
  over(sid: string): Promise<Call>;
  /** Ends every call, closes every socket, and resolves when nothing is left running. Twice is fine. */
  stop(): Promise<void>;
};

/** Rejects with the server's own error when the port is taken, with RangeError for options that cannot be. */
export const startExotel = async (options: ExotelOptions): Promise<SimulatedExotel> => {
  const settings = settle(options);
  const carrier: Carrier = {
    settings, notices: createNotices(settings.clock.date, settings.log), calls: new Map(), baseUrl: '', rangIn: new Set(), streamsOpen: 0,
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
    carrier.stopping.abort(new Error('the network stops'));
    for (const call of carrier.calls.values()) endCall(carrier, call, call.answeredAt ? 'completed' : 'canceled', 'carrier', 'the network stops');
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
    notices: (callSid) => carrier.notices.list(callSid),
    ringIn(from, to) {
      const [caller, called] = [readNumber(from), readNumber(to)];
      if (caller === null || called === null) throw new RangeError('not a number that Exotel knows');
      return theSwitch.ringIn(caller, called);
    },
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
