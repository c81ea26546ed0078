// For carriers that have no request to end a call (Exotel): whoever ends it writes so into the record, and the relay, seeing it, closes the stream.
import type { CallStore } from '#calls/ports.ts';
import type { Log } from '#house/log.ts';
import type { Bridge } from './bridge.ts';

/** Looks every `everyMs` until the bridge is done; lets it go once the record says `operator`. */
export const watchForOperator = (bridge: Bridge, calls: Pick<CallStore, 'call'>, log: Log, everyMs: number): void => {
  let looking = false;
  const look = async (): Promise<void> => {
    looking = true;
    try {
      if ((await calls.call(bridge.callId))?.endReason === 'operator') await bridge.letGo('operator', 1000);
    } catch (error) {
      log.warn('a call could not be looked at for an end; it is looked at again', { callId: bridge.callId, error });
    } finally {
      looking = false;
    }
  };
  const timer = setInterval(() => {
    // Not awaited: it catches for itself, and a slow look is waited for before the next.
    if (!looking) void look();
  }, everyMs);
  void bridge.done.then(() => clearInterval(timer));
};
