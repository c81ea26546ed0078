// How a call is answered and how it ends, whoever does it: the switch, a person, a document or the REST API.
import { createCaller } from '#local/people/caller.ts';
import { type Call, type Carrier, forgetOld, isOver, runs, type Status, tell } from './call.ts';
import { reportStatus } from './callbacks.ts';
import { openLine } from '#local/people/line.ts';
import { makeRecording } from './recordings.ts';
import { wait } from '#local/people/clock.ts';

const SIP_CODES: Partial<Record<Status, number>> = { completed: 200, busy: 486, 'no-answer': 487, canceled: 487, failed: 404 };

const setStatus = (carrier: Carrier, call: Call, status: Status): void => {
  call.status = status;
  call.updatedAt = carrier.settings.clock.date();
};

/** Ends the call once; later ends change nothing. The stream gets its `stop`, the recording is made, the last callback goes out. */
export const endCall = (carrier: Carrier, call: Call, status: Status, why: string): void => {
  if (isOver(call)) return;
  const wasQueued = call.status === 'queued';
  setStatus(carrier, call, status);
  call.endedAt = call.updatedAt;
  call.sipCode = SIP_CODES[status] ?? 200;
  tell(carrier, call, 'over', { status, why });
  call.over.abort(new Error(status));
  call.line?.stop();
  const { record } = call.request;
  if (record && call.line) {
    makeRecording(carrier, call, { said: call.line.said.all(), heard: call.line.heard.all(), channels: record.channels === 'dual' ? 2 : 1,
      source: 'OutboundAPI', callback: record.callback });
  }
  // A call that was canceled while it waited in the queue is never reported.
  if (!wasQueued) reportStatus(carrier, call, 'completed');
  forgetOld(carrier);
};

/** The phone is picked up: the line opens, the person begins their script, the time limit runs. */
export const answerCall = (carrier: Carrier, call: Call): void => {
  const { settings } = carrier;
  setStatus(carrier, call, 'in-progress');
  call.answeredAt = call.updatedAt;
  const caller = createCaller(settings.voice);
  const line = openLine(settings.clock, caller);
  call.caller = caller;
  call.line = line;
  reportStatus(carrier, call, 'answered');
  const script = settings.caller(call) ?? call.story.person;
  runs(carrier, caller.follow(line, script, () => endCall(carrier, call, 'completed', 'the person hung up')), call);
  runs(carrier, wait(settings.clock, call.request.timeLimitSeconds * 1000, call.over.signal)
    .then(() => endCall(carrier, call, 'completed', 'time limit'), () => {}), call);
};

/** From initiated to answered (true), or to whatever else the story has (false). `answers` opens the line. */
export const ringPhone = async (carrier: Carrier, call: Call): Promise<boolean> => {
  const { settings } = carrier;
  const { signal } = call.over;
  const pause = (ms: number): Promise<boolean> => wait(settings.clock, ms, signal).then(() => true, () => false);
  call.startedAt = settings.clock.date();
  setStatus(carrier, call, 'initiated');
  reportStatus(carrier, call, 'initiated');
  if (!(await pause(settings.dialMs))) return false;
  if (call.story.rest === 'invalid-number') {
    endCall(carrier, call, 'failed', 'no such number');
    return false;
  }
  setStatus(carrier, call, 'ringing');
  reportStatus(carrier, call, 'ringing');
  const timeoutMs = call.request.timeoutSeconds * 1000;
  const ringMs = call.story.phone === 'rings-on' ? settings.noAnswerMs : settings.ringMs;
  if (!(await pause(Math.min(ringMs, timeoutMs)))) return false;
  if (call.story.phone === 'rings-on' || ringMs > timeoutMs) endCall(carrier, call, 'no-answer', 'nobody answered');
  else if (call.story.phone === 'busy') endCall(carrier, call, 'busy', 'busy');
  else answerCall(carrier, call);
  return !isOver(call);
};
