// The applets that open a media socket: Voicebot (both ways, the flow waits until it is closed) and Stream (one way, the flow goes on).
import { wait } from '#local/people/clock.ts';
import { passthruParams } from './applet-params.ts';
import type { Stream as StreamApplet, Voicebot } from './applets.ts';
import { withQuery } from './ask.ts';
import { runs, tell } from './call.ts';
import { askFor, complain, jsonOf, type Next, type Run } from './run.ts';
import { openStream, type Stream } from './stream.ts';
import { newReport } from './stream-report.ts';
import { readStreamUrl, type StreamAddress } from './stream-url.ts';

/** A static ws(s) URL as it is; an http(s) URL is asked for one. Null, with a notice, when there is none that will do. */
const findAddress = async (run: Run, url: string): Promise<StreamAddress | null> => {
  const { call, carrier } = run;
  let found = url;
  if (/^https?:/i.test(url)) {
    const answer = await askFor(run, 'voicebot', { url: withQuery(url, passthruParams(carrier, call)), method: 'GET' });
    const body = answer && jsonOf(run, 'voicebot', answer);
    if (!body) return null;
    if (typeof body['url'] !== 'string') {
      complain(run, 'voicebot-answer', 'voicebot: the answer has no "url"');
      return null;
    }
    found = body['url'];
  }
  const address = readStreamUrl(found, carrier.settings);
  if ('problem' in address) {
    complain(run, 'stream-url', `the stream's URL: ${address.problem}`);
    return null;
  }
  // In a flow, the CustomField of the connect request turns up as a key without a value (seen in the wild, documented nowhere).
  const { customField, flowId } = call.request;
  return customField === null || flowId === null ? address : { ...address, parameters: { ...address.parameters, [customField]: '' } };
};

const open = async (run: Run, url: string, bidirectional: boolean): Promise<Stream | null> => {
  const { call, carrier } = run;
  const { settings } = carrier;
  const address = await findAddress(run, url);
  if (address && carrier.streamsOpen >= settings.streamLimit) complain(run, 'stream-limit', `more than ${settings.streamLimit} streams at once`);
  if (!address || carrier.streamsOpen >= settings.streamLimit) {
    const report = newReport(address ?? { url, rateHz: 8000, parameters: {} }, bidirectional);
    call.findings.stream = { ...report, endedBy: 'failure' };
    return null;
  }
  if (call.story.slow) await wait(settings.clock, settings.slowMs, run.signal);
  carrier.streamsOpen += 1;
  const stream = openStream(run, address, bidirectional);
  call.findings.stream = stream.report;
  runs(carrier, stream.closed.finally(() => { carrier.streamsOpen -= 1; }), call);
  return stream;
};

/** "callended" when the person hung up, "stopped" for every other end. */
const stopWithCall = (run: Run, stream: Stream): (() => void) => {
  const stop = (): void => stream.stop(run.call.endedBy === 'caller' ? 'callended' : 'stopped');
  run.signal.addEventListener('abort', stop, { once: true });
  return () => run.signal.removeEventListener('abort', stop);
};

export const runVoicebot = async (run: Run, { url, record }: Voicebot): Promise<Next> => {
  const { call } = run;
  if (record) call.request = { ...call.request, record: true };
  call.findings.recorded = call.request.record;
  const stream = await open(run, url, true);
  if (!stream) return 'next';
  const forget = stopWithCall(run, stream);
  await stream.closed;
  forget();
  run.signal.throwIfAborted();
  return 'next';
};

export const runStream = async (run: Run, applet: StreamApplet): Promise<Next> => {
  const { call, carrier } = run;
  if (applet.action === 'stop') {
    if (call.stopFork) call.stopFork();
    else tell(carrier, call, 'no stream to stop');
    return 'next';
  }
  const stream = await open(run, applet.url, false);
  if (!stream) return 'next';
  call.stopFork = () => stream.stop('stopped');
  const forget = stopWithCall(run, stream);
  runs(carrier, stream.closed.finally(forget), call);
  return 'next';
};
