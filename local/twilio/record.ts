// The verb Record: a beep, then what the caller says until a key, a silence or the time limit.
import { loud } from '#local/people/ears.ts';
import { FRAME_BYTES, FRAME_MS, SILENCE, toMulaw } from '#local/people/mulaw.ts';
import { makeRecording } from './recordings.ts';
import { recordingUrl } from './callbacks.ts';
import { goTo, type Next, NEXT, resolveUrl, type Run, sameDocument } from './run.ts';
import { whole } from './twiml.ts';
import type { Element } from './xml.ts';

const BEEP = Uint8Array.from({ length: 2400 }, (_, i) => toMulaw(Math.round(9000 * Math.sin((2 * Math.PI * 1000 * i) / 8000))));

export const runRecord = async (run: Run, element: Element): Promise<Next> => {
  const { carrier, call, line, signal } = run;
  const { attributes } = element;
  if (attributes['playBeep'] !== 'false') await line.play(BEEP, signal);
  const finish = attributes['finishOnKey'] ?? '1234567890*#';
  const silenceFrames = (whole(element, 'timeout', 5, 1) * 1000) / FRAME_MS;
  const said: Uint8Array[] = [];
  let quiet = 0;
  let spoke = false;
  let key: string | null = null;
  const stop = line.listen({
    frame: (frame) => {
      said.push(frame);
      quiet = loud(frame) ? 0 : quiet + 1;
      spoke ||= quiet === 0;
    },
    digit: (digit) => { if (finish.includes(digit)) key ??= digit; },
  });
  try {
    await line.until(() => key !== null || quiet >= silenceFrames, whole(element, 'maxLength', 3600, 1) * 1000, signal);
  } finally {
    stop();
  }
  if (!spoke) return NEXT;
  const callbackUrl = attributes['recordingStatusCallback'] === undefined ? null : resolveUrl(run, attributes['recordingStatusCallback']);
  const recording = makeRecording(carrier, call, {
    said: Buffer.concat(said), heard: new Uint8Array(said.length * FRAME_BYTES).fill(SILENCE[0] ?? 0xff), channels: 1, source: 'RecordVerb',
    callback: callbackUrl === null ? null : { url: callbackUrl, method: attributes['recordingStatusCallbackMethod'] ?? 'POST',
      events: (attributes['recordingStatusCallbackEvent'] ?? 'completed').split(/\s+/) },
  });
  const params = { RecordingSid: recording.sid, RecordingUrl: recordingUrl(carrier, recording.sid), RecordingDuration: String(recording.seconds),
    ...(key === null ? {} : { Digits: key as string }) };
  return goTo(run, attributes, params, sameDocument(run, attributes, params));
};
