// The verb Dial: rings other phones, joins the first that answers with the caller, and tells the action how it went.
import { endCall, ringPhone } from './call-life.ts';
import { type Call, isOver, newCall, talkSeconds, tell } from './call.ts';
import { SILENCE } from '#local/people/mulaw.ts';
import { createPlayout } from '#local/people/playout.ts';
import { goTo, type Next, NEXT, resolveUrl, type Run } from './run.ts';
import { E164 } from './rest-values.ts';
import { whole } from './twiml.ts';
import type { Element } from './xml.ts';

const partiesOf = (element: Element): { number: string; attributes: Record<string, string> }[] => {
  const own = element.text.trim();
  return [...(own === '' ? [] : [{ number: own, attributes: {} }]),
    ...element.children.map((child) => ({ number: child.text.trim(), attributes: child.attributes }))];
};

const placeLeg = (run: Run, element: Element, number: string, attributes: Record<string, string>): Call => {
  const { carrier, call } = run;
  const url = attributes['statusCallback'] === undefined ? null : resolveUrl(run, attributes['statusCallback']);
  if (attributes['url'] !== undefined) tell(carrier, call, 'whisper is not simulated', attributes['url']);
  return newCall(carrier, {
    to: number, from: element.attributes['callerId'] ?? call.from, direction: 'outbound-dial', parentSid: call.sid,
    story: carrier.settings.story(number),
    request: { ...call.request, record: null, machineDetection: null, fallback: null, timeoutSeconds: whole(element, 'timeout', 30, 1, 600),
      timeLimitSeconds: whole(element, 'timeLimit', 14_400, 1),
      statusCallback: url === null ? null : { url, method: attributes['statusCallbackMethod'] ?? 'POST',
        events: (attributes['statusCallbackEvent'] ?? 'completed').split(/\s+/) } },
  });
};

/** The first leg that is answered; the others are canceled. Null when none is. */
const firstAnswered = async (run: Run, legs: readonly Call[]): Promise<Call | null> => {
  const answered = await new Promise<Call | null>((resolve) => {
    void Promise.all(legs.map(async (leg) => { if (await ringPhone(run.carrier, leg)) resolve(leg); })).then(() => resolve(null));
  });
  for (const leg of legs) if (leg !== answered) endCall(run.carrier, leg, 'canceled', 'another leg was answered');
  return answered;
};

const bridge = async (run: Run, leg: Call): Promise<void> => {
  if (!leg.line || isOver(leg)) return;
  const toCaller = createPlayout(() => {});
  const toLeg = createPlayout(() => {});
  run.line.source = toCaller;
  leg.line.source = toLeg;
  const stops = [
    run.line.listen({ frame: (said) => { if (said !== SILENCE) toLeg.add(said); } }),
    leg.line.listen({ frame: (said) => { if (said !== SILENCE) toCaller.add(said); } }),
  ];
  try {
    // What was said before they hung up is still heard.
    await run.line.until(() => isOver(leg) && toCaller.buffered === 0, Infinity, run.signal);
  } finally {
    stops.forEach((stop) => stop());
    if (run.line.source === toCaller) run.line.source = null;
  }
};

const problemOf = (run: Run, element: Element, numbers: readonly string[]): { code: number; message: string } | null => {
  const { callerId } = element.attributes;
  const own = run.carrier.settings.numbers;
  if (numbers.length === 0 || numbers.some((number) => !E164.test(number))) return { code: 13_224, message: 'Dial: the number is unsupported or invalid' };
  if (callerId !== undefined && callerId !== run.call.from && callerId !== run.call.to && own && !own.includes(callerId)) {
    return { code: 13_214, message: 'Dial: callerId is neither verified nor a number of the account' };
  }
  return null;
};

export const runDial = async (run: Run, element: Element): Promise<Next> => {
  const { carrier, call } = run;
  const parties = partiesOf(element);
  const problem = problemOf(run, element, parties.map((party) => party.number));
  if (problem) {
    carrier.debugger.note('error', problem.code, problem.message, { callSid: call.sid });
    return goTo(run, element.attributes, { DialCallStatus: 'failed' }, NEXT);
  }
  const legs = parties.map((party) => placeLeg(run, element, party.number, party.attributes));
  const release = (): void => { for (const leg of legs) endCall(carrier, leg, leg.answeredAt ? 'completed' : 'canceled', 'the other side is gone'); };
  run.signal.addEventListener('abort', release, { once: true });
  try {
    const leg = await firstAnswered(run, legs);
    run.signal.throwIfAborted();
    if (leg) await bridge(run, leg);
    const last = leg ?? legs.at(-1);
    tell(carrier, call, 'dialled', { status: last?.status });
    return goTo(run, element.attributes, { DialCallStatus: last?.status ?? 'failed', DialCallSid: last?.sid ?? '', DialBridged: String(leg !== null),
      ...(leg ? { DialCallDuration: String(talkSeconds(leg, carrier.settings.clock.date())) } : {}) }, NEXT);
  } finally {
    run.signal.removeEventListener('abort', release);
    release();
  }
};
