// Called by the lead's view for each of its calls: what the line did, why it stopped, how fast it was, and what was said.
import type { CallView, TurnView } from '../api.ts';
import { element, settle, type Piece } from '../element.ts';
import { duration, latency } from '../when.ts';
import { chip, facts, time } from './pieces.ts';
import { isLive, median, safeLink } from './words.ts';

const speed = (call: CallView): [string, string | null][] => {
  const measured = call.latency;
  const turn = median(measured?.turnMs ?? []);
  const ms = (value: number | null | undefined): string | null => (value === null || value === undefined ? null : latency(value));
  return [
    ['Enquiry to dial', ms(measured?.enquiryToDialMs)],
    ['Answer to first audio', ms(measured?.answerToFirstAudioMs)],
    ['Reply, median', turn === null ? null : `${latency(turn)} of ${measured?.turnMs.length ?? 0}`],
  ];
};

const recording = (call: CallView): HTMLElement | string | null => {
  const address = safeLink(call.recordingUrl);
  return address === null ? call.recordingUrl : element('a', { href: address, rel: 'noreferrer noopener', target: '_blank' }, 'Listen at the carrier');
};

const callFacts = (call: CallView, number: number, end: (callId: string) => void): HTMLElement => {
  const live = isLive(call.status);
  const button = live ? element('button', { class: 'danger', type: 'button', 'data-keep': `end-${call.callId}` }, 'End call') : null;
  button?.addEventListener('click', () => end(call.callId));
  return element('div', { class: 'call' },
    element('div', { class: 'call-head' },
      element('h3', {}, `Call ${number}`), chip(call.status), call.endReason ? element('span', { class: 'soft' }, call.endReason) : null, button),
    facts([
      ['Duration', call.durationSeconds === null ? null : duration(call.durationSeconds)],
      ...speed(call),
      ['Started', time(call.startedAt)], ['Answered', time(call.answeredAt)], ['Ended', time(call.endedAt)],
      ['Answered by', call.answeredBy], ['Cost', call.cost === null ? null : String(call.cost)], ['Recording', recording(call)],
      ['Direction', call.direction], ['Carrier', call.carrier],
    ]),
    element('details', { 'data-keep': `ids-${call.callId}` }, element('summary', { 'data-keep': `ids-${call.callId}-summary` }, 'Ids'), facts([
      ['Call', code(call.callId)], ['Attempt', code(call.attemptId)], ['Carrier’s id', code(call.callSid)],
      ['Conversation', code(call.conversationId)], ['Voice', code(call.voiceId)],
    ])));
};

export const code = (text: string | null): HTMLElement | null => (text === null ? null : element('code', {}, text));

const turn = ({ role, text, at }: TurnView): HTMLElement =>
  element('li', { class: `turn ${role === 'agent' ? 'agent' : 'caller'}` },
    element('p', { class: 'who' }, role === 'agent' ? 'Agent' : 'Caller', ' ', time(at)), element('p', { class: 'said' }, text));

const transcript = (call: CallView): Piece => ({
  key: `transcript-${call.callId}`,
  version: '',
  make: () => element('div', { class: 'transcript' }, element('h4', {}, 'Transcript'),
    // A log is announced as it grows; it must stay the same element for that.
    element('div', { role: 'log', 'aria-label': 'Transcript' }, element('ol', {})), element('p', { class: 'soft' })),
  update: (kept) => {
    const turns = call.transcript ?? [];
    settle(kept.querySelector('ol')!, turns.map((line, index) => ({ key: String(index), version: JSON.stringify(line), make: () => turn(line) })));
    kept.querySelector('ol')!.hidden = turns.length === 0;
    kept.querySelector<HTMLElement>(':scope > p')!.textContent = turns.length > 0 ? '' : isLive(call.status) ? 'Nothing has been said yet.' : 'Nothing was said.';
  },
});

/** The pieces of a call, for the lead's view. `end` asks for confirmation and then ends it. */
export const callPieces = (call: CallView, number: number, end: (callId: string) => void): Piece[] => [
  { key: `call-${call.callId}`, version: JSON.stringify({ ...call, transcript: null }), make: () => callFacts(call, number, end) },
  transcript(call),
];
