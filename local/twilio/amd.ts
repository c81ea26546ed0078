// Answering machine detection: decides who picked up, before the first document (sync) or beside it (async, told to its own callback).
import { type Call, type Carrier, runs, tell } from './call.ts';
import { commonParams, deliver } from './callbacks.ts';

/** human, machine_start (Enable) or machine_end_beep (DetectMessageEnd, once the beep is over); unknown after the detection's time-out. */
const decide = async (carrier: Carrier, call: Call, mode: string, timeoutSeconds: number): Promise<string> => {
  const { line, caller, story } = call;
  if (!line || !caller) return 'unknown';
  if (!story.machine || mode === 'Enable') {
    await line.until(() => false, Math.min(carrier.settings.amdMs, timeoutSeconds * 1000), call.over.signal);
    return story.machine ? 'machine_start' : 'human';
  }
  const beeped = (): boolean => caller.said.some((said) => said.name === 'voicemail-beep' && said.toMs !== null);
  return (await line.until(beeped, timeoutSeconds * 1000, call.over.signal)) ? 'machine_end_beep' : 'unknown';
};

/** Resolves when the first document may be asked for; rejects when the call ends before that. */
export const detectMachine = async (carrier: Carrier, call: Call): Promise<void> => {
  const wanted = call.request.machineDetection;
  // Digits to send make detection be ignored.
  if (!wanted || call.request.sendDigits !== '') return;
  const began = call.line?.heard.frames ?? 0;
  const { asyncCallback } = wanted;
  const detect = async (): Promise<void> => {
    call.answeredBy = await decide(carrier, call, wanted.mode, wanted.timeoutSeconds);
    tell(carrier, call, 'answered by', call.answeredBy);
  };
  const detectAside = async (): Promise<void> => {
    try {
      await detect();
    } catch (error) {
      // A call that ended before anything was decided has nothing to report.
      if (call.over.signal.aborted) return;
      throw error;
    }
    if (asyncCallback === null || asyncCallback === 'none') return;
    const ms = ((call.line?.heard.frames ?? began) - began) * 20;
    await deliver(carrier, call, 'machine detection', { ...asyncCallback, params: { ...commonParams(carrier, call), MachineDetectionDuration: String(ms) } });
  };
  if (asyncCallback === null) await detect();
  else runs(carrier, detectAside(), call);
};
