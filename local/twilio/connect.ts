// The verbs that open and close media streams: Connect (both ways, waits), Start (one way, goes on) and Stop.
import { runs, tell } from './call.ts';
import { goTo, type Next, NEXT, resolveUrl, type Run } from './run.ts';
import { openStream, type StreamSpec } from './stream.ts';
import type { Element } from './xml.ts';

const LOOPBACK = /^ws:\/\/(?:127(?:\.\d+){3}|localhost|\[::1\])(?::\d+)?(?:[/?#]|$)/i;

type Problem = { code: number; message: string };

const checkUrl = (url: string): Problem | null => {
  if (!/^[a-z]+:\/\/[^/]/i.test(url) || !URL.canParse(url)) return { code: 31_923, message: 'Stream - the URL is not valid' };
  // The real one takes wss only; on loopback there is no certificate to be had.
  if (!/^wss:/i.test(url) && !LOOPBACK.test(url)) return { code: 31_922, message: 'Stream - the URL must begin with wss:' };
  if (url.includes('?')) return { code: 31_920, message: 'Stream - the URL may not have a query string; use <Parameter>' };
  return null;
};

/** Name and value together stay under 500 characters; what does not is left out with a warning. */
const readParameters = (run: Run, element: Element): Record<string, string> => {
  const parameters: Record<string, string> = {};
  for (const { attributes } of element.children) {
    const { name = '', value = '' } = attributes;
    if (name === '' || name.length + value.length >= 500) {
      run.carrier.debugger.note('warning', 12_200, `Parameter '${name.slice(0, 40)}' has no name, or is 500 characters or longer with its value`, { callSid: run.call.sid });
    } else parameters[name] = value;
  }
  return parameters;
};

const readStream = (run: Run, element: Element, bidirectional: boolean): StreamSpec | null => {
  const { attributes } = element;
  const url = attributes['url'] ?? '';
  const track = attributes['track'] ?? 'inbound_track';
  const tracks = { inbound_track: ['inbound'], outbound_track: ['outbound'], both_tracks: ['inbound', 'outbound'] }[track] as StreamSpec['tracks'] | undefined;
  const problem = checkUrl(url)
    ?? (!tracks || (bidirectional && track !== 'inbound_track') ? { code: 31_941, message: `Stream - track '${track}' is not valid for this verb` } : null);
  if (problem || !tracks) {
    run.carrier.debugger.note('error', problem?.code ?? 31_941, problem?.message ?? '', { callSid: run.call.sid, url });
    return null;
  }
  const statusCallback = attributes['statusCallback'];
  return {
    url, name: attributes['name'] ?? null, parameters: readParameters(run, element), tracks, bidirectional,
    callback: statusCallback === undefined ? null
      : { url: resolveUrl(run, statusCallback) ?? statusCallback, method: attributes['statusCallbackMethod'] ?? 'POST' },
  };
};

/** Holds the document until the socket is closed by either side, then goes to the action or the next verb. */
export const runConnect = async (run: Run, element: Element): Promise<Next> => {
  const { carrier, call } = run;
  const [child, ...more] = element.children;
  if (!child || more.length > 0) {
    carrier.debugger.note('error', 12_200, 'Connect wants exactly one <Stream>: a call has one bidirectional stream', { callSid: call.sid });
    if (!child) return NEXT;
  }
  const spec = readStream(run, child, true);
  if (spec && call.streaming) {
    carrier.debugger.note('error', 31_951, 'Stream - the call has a bidirectional stream already', { callSid: call.sid });
  } else if (spec) {
    if (call.story.slow) await run.line.until(() => false, carrier.settings.slowMs, run.signal);
    run.signal.throwIfAborted();
    call.streaming = true;
    const stream = openStream(run, spec);
    run.signal.addEventListener('abort', stream.stop, { once: true });
    await stream.closed;
    run.signal.removeEventListener('abort', stream.stop);
    call.streaming = false;
  }
  run.signal.throwIfAborted();
  return goTo(run, element.attributes, {}, NEXT);
};

/** Opens the streams and goes on at once; they live until <Stop>, or as long as the call. */
export const runStart = (run: Run, element: Element): Next => {
  const { call } = run;
  for (const child of element.children) {
    const spec = readStream(run, child, false);
    if (!spec) continue;
    const stream = openStream(run, spec);
    call.forks.set(stream.report.name, stream.stop);
    call.over.signal.addEventListener('abort', stream.stop, { once: true });
    const forget = async (): Promise<void> => {
      await stream.closed;
      call.forks.delete(stream.report.name);
      call.over.signal.removeEventListener('abort', stream.stop);
    };
    runs(run.carrier, forget(), call);
  }
  return NEXT;
};

export const runStop = (run: Run, element: Element): Next => {
  for (const child of element.children) {
    const name = child.attributes['name'] ?? '';
    const stop = run.call.forks.get(name);
    if (stop) stop();
    else tell(run.carrier, run.call, 'no such stream', name);
  }
  return NEXT;
};
