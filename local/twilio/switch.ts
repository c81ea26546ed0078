// The switch: starts queued calls at the account's calls per second, rings phones, and lets answered calls run their documents.
import { detectMachine } from './amd.ts';
import { type Call, type Carrier, newCall, runs, tell } from './call.ts';
import { ringPhone } from './call-life.ts';
import { reportStatus } from './callbacks.ts';
import { runDocuments } from './document-run.ts';

export type Switch = {
  /** Queues an outbound call; it starts at once when the account's rate allows. */
  place: (call: Call) => void;
  /** A person rings one of the account's numbers. Throws when no voice URL is configured. */
  ringIn(from: string, to: string): Call;
  stop(): void;
};

const connect = async (carrier: Carrier, call: Call): Promise<void> => {
  if (!(await ringPhone(carrier, call))) return;
  if (call.request.sendDigits !== '') tell(carrier, call, 'digits played to the caller', call.request.sendDigits);
  try {
    await detectMachine(carrier, call);
  } catch (error) {
    if (call.over.signal.aborted) return;
    throw error;
  }
  await runDocuments(carrier, call);
};

export const createSwitch = (carrier: Carrier): Switch => {
  const { clock, callsPerSecond } = carrier.settings;
  const queue: { call: Call; since: number }[] = [];
  const gapMs = 1000 / callsPerSecond;
  let lastStart = -Infinity;
  let cancel: (() => void) | null = null;

  const turn = (): void => {
    cancel = null;
    while (queue[0] && queue[0].call.status !== 'queued') queue.shift();
    const first = queue[0];
    if (!first) return;
    const now = clock.now();
    if (now < lastStart + gapMs) {
      cancel = clock.after(lastStart + gapMs - now, turn);
      return;
    }
    queue.shift();
    lastStart = now;
    first.call.queueMs = Math.round(now - first.since);
    runs(carrier, connect(carrier, first.call), first.call);
    if (queue.length > 0) cancel = clock.after(gapMs, turn);
  };

  return {
    place(call) {
      queue.push({ call, since: clock.now() });
      // Not in this very moment: the REST answer says queued.
      cancel ??= clock.after(0, turn);
    },
    ringIn(from, to) {
      const { voiceUrl, voiceFallbackUrl, numberStatusCallback, story } = carrier.settings;
      if (voiceUrl === null) throw new RangeError('no voiceUrl is configured for incoming calls');
      const call = newCall(carrier, { to, from, direction: 'inbound', story: story(from), request: {
        source: { url: voiceUrl, method: 'POST' }, fallback: voiceFallbackUrl === null ? null : { url: voiceFallbackUrl, method: 'POST' },
        statusCallback: numberStatusCallback === null ? null : { url: numberStatusCallback, method: 'POST', events: ['completed'] },
        timeoutSeconds: 60, timeLimitSeconds: 14_400, sendDigits: '', record: null, machineDetection: null } });
      call.status = 'ringing';
      call.startedAt = clock.date();
      reportStatus(carrier, call, 'ringing');
      runs(carrier, runDocuments(carrier, call), call);
      return call;
    },
    stop: () => cancel?.(),
  };
};
