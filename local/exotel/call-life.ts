// How a call rings, is answered and ends, whoever does it: the switch, a person or a flow.
import { wait } from '#local/people/clock.ts';
import { report } from './callbacks.ts';
import { type Call, type Carrier, forgetOld, isOver, runs, type Status, tell } from './call.ts';
import { createHeard, listenTo } from './heard.ts';
import { pickUp } from './phone.ts';
import { makeRecording } from './recordings.ts';

/** A phone rings for a minute at the most, whatever TimeOut says. */
const RING_MAX_SECONDS = 60;

/** Ends the call once; later ends change nothing. Streams get their `stop`, the recording is made, the last callback goes out. */
export const endCall = (carrier: Carrier, call: Call, status: Status, by: 'caller' | 'flow' | 'carrier', why: string): void => {
  if (isOver(call)) return;
  call.phase = 'over';
  call.status = status;
  call.endedBy = by;
  call.endedAt = call.updatedAt = carrier.settings.clock.date();
  const [first] = call.legs;
  if (first) [first.status, first.endedAt] = [status, call.endedAt];
  tell(carrier, call, 'over', { status, why });
  call.over.abort(new Error(why));
  call.line?.stop();
  makeRecording(carrier, call);
  report(carrier, call, 'terminal');
  forgetOld(carrier);
};

/** The phone is picked up: the line opens, the person begins their script, the time limit runs. */
export const answerCall = (carrier: Carrier, call: Call): void => {
  const { clock } = carrier.settings;
  const [leg] = call.legs;
  call.phase = 'talking';
  call.status = 'in-progress';
  call.answeredAt = call.updatedAt = clock.date();
  if (leg) [leg.status, leg.answeredAt, leg.machine] = ['in-progress', call.answeredAt, call.story.machine === true];
  const { line, caller } = pickUp(carrier, call, 1, call, () => endCall(carrier, call, 'completed', 'caller', 'the person hung up'));
  call.line = line;
  call.caller = caller;
  call.heard = createHeard();
  call.offer = listenTo(line, call.heard).offer;
  report(carrier, call, 'answered');
  runs(carrier, wait(clock, call.request.timeLimitSeconds * 1000, call.over.signal).then(() => endCall(carrier, call, 'completed', 'carrier', 'time limit'), () => {}), call);
};

/** True when the phone was answered; otherwise the call is over, as the story has it. */
export const ringPhone = async (carrier: Carrier, call: Call): Promise<boolean> => {
  const { clock, dialMs, noAnswerMs, ringMs } = carrier.settings;
  const pause = (ms: number): Promise<boolean> => wait(clock, ms, call.over.signal).then(() => true, () => false);
  if (!(await pause(dialMs))) return false;
  call.phase = 'ringing';
  call.status = 'in-progress';
  call.updatedAt = clock.date();
  report(carrier, call, 'ringing');
  const mostMs = Math.min(call.request.timeoutSeconds, RING_MAX_SECONDS) * 1000;
  const rings = call.story.phone === 'rings-on' ? noAnswerMs : ringMs;
  if (!(await pause(Math.min(rings, mostMs)))) return false;
  if (call.story.phone === 'rings-on' || rings > mostMs) endCall(carrier, call, 'no-answer', 'carrier', 'nobody answered');
  else if (call.story.phone === 'busy') endCall(carrier, call, 'busy', 'carrier', 'busy');
  else answerCall(carrier, call);
  return !isOver(call);
};
