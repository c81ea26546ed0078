// The switch: rings the phones of accepted requests, lets people ring in, and starts the flow of whoever answers.
import { type Call, type Carrier, newCall, runs } from './call.ts';
import { answerCall, ringPhone } from './call-life.ts';
import { runFlow } from './flow.ts';

export type Switch = {
  /** Dials at once: the account's rate is kept by refusing requests, not by queueing them. */
  place: (call: Call) => void;
  /** A person rings one of the ExoPhones, both numbers E.164. Throws RangeError when it has no flow. */
  ringIn(from: string, to: string): Call;
};

export const createSwitch = (carrier: Carrier): Switch => ({
  place: (call) => {
    const dial = async (): Promise<void> => {
      if (await ringPhone(carrier, call)) await runFlow(carrier, call);
    };
    runs(carrier, dial(), call);
  },
  ringIn(from, to) {
    const exophone = carrier.settings.exophones.get(to);
    const flow = exophone?.exoml !== undefined ? [{ applet: 'exoml' as const, url: exophone.exoml }] : carrier.settings.flows[exophone?.flow ?? ''];
    if (!flow) throw new RangeError('no flow is assigned to this ExoPhone');
    const call = newCall(carrier, { number: from, exophone: to, direction: 'inbound', request: {
      flow, flowId: exophone?.flow ?? null, to: null, customField: null, statusCallback: null, timeoutSeconds: 60, timeLimitSeconds: 14_400, record: false, channels: 1 } });
    carrier.rangIn.add(from);
    // A flow picks up at once.
    answerCall(carrier, call);
    runs(carrier, runFlow(carrier, call), call);
    return call;
  },
});
