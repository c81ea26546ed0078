// The network's own pages under /network: what happened on each call, what was heard, and a way to ring in. For people and tests; not Exotel's.
import { decodeMulaw } from '#local/people/mulaw.ts';
import { wavOf } from '#local/speech/wav.ts';
import { type Call, type Carrier, isOver, talkSeconds } from './call.ts';
import { endCall } from './call-life.ts';
import { readNumber } from './numbers.ts';
import type { Switch } from './switch.ts';

export type DeskAnswer = { status: number; json?: unknown; wav?: Buffer; bytes?: Buffer };

export const callSummary = (carrier: Carrier, call: Call): Record<string, unknown> => ({
  sid: call.sid, number: call.number, exophone: call.exophone, direction: call.direction, phase: call.phase, status: call.status,
  story: { digits: call.story.digits, title: call.story.title }, createdAt: call.createdAt.toISOString(), answeredAt: call.answeredAt?.toISOString() ?? null,
  endedAt: call.endedAt?.toISOString() ?? null, endedBy: call.endedBy, talkSeconds: talkSeconds(call, carrier.settings.clock.date()),
});

const callStory = (carrier: Carrier, call: Call): Record<string, unknown> => ({
  ...callSummary(carrier, call),
  events: call.journal,
  legs: call.legs,
  streams: call.streams,
  said: call.caller?.said ?? [],
  heard: { ms: (call.line?.heard.frames ?? 0) * 20, rateHz: call.heard?.rateHz ?? null, spans: call.heard?.spans() ?? [] },
  notices: carrier.notices.list(call.sid),
});

const refuse = (status: number, detail: string): DeskAnswer => ({ status, json: { error: detail } });
const littleEndian = (pcm: Int16Array): Buffer => wavOf(pcm, 8000).subarray(44);

const audioOf = (call: Call, what: string): DeskAnswer => {
  const [, side, kind] = /^(heard|said)\.(wav|raw|sent\.raw)$/.exec(what) ?? [];
  if (side === undefined || (side === 'said' && kind === 'sent.raw')) return refuse(404, 'no such page');
  const { line, heard } = call;
  if (!line || !heard) return refuse(404, call.answeredAt ? 'the audio of this call is not kept any more' : 'the call was never answered');
  if (kind === 'sent.raw') return { status: 200, bytes: littleEndian(heard.sent()) };
  const [pcm, rateHz] = side === 'heard' ? [heard.pcm(), heard.rateHz] : [decodeMulaw(line.said.all()), 8000];
  return kind === 'wav' ? { status: 200, wav: wavOf(pcm, rateHz) } : { status: 200, bytes: littleEndian(pcm) };
};

const handOf = (carrier: Carrier, call: Call, what: string, body: Record<string, unknown>): DeskAnswer => {
  const digits = body['digits'];
  if (isOver(call)) return refuse(409, 'the call is over');
  if (what === 'hang-up') endCall(carrier, call, call.answeredAt ? 'completed' : 'no-answer', 'caller', 'the person hung up');
  else if (what !== 'press') return refuse(404, 'no such page');
  else if (typeof digits !== 'string' || !/^[0-9A-D*#]+$/.test(digits)) return refuse(400, 'digits: 0-9, A-D, * or #');
  else for (const digit of digits) call.line?.press(digit);
  return { status: 202, json: callSummary(carrier, call) };
};

const ringIn = (carrier: Carrier, theSwitch: Switch, { from, to }: Record<string, unknown>): DeskAnswer => {
  const { exophones } = carrier.settings;
  const caller = typeof from === 'string' ? readNumber(from) : null;
  if (caller === null) return refuse(400, 'from: +91 or 0 and ten digits, or another E.164 number');
  const called = to === undefined ? [...exophones.keys()][0] : typeof to === 'string' ? readNumber(to) : null;
  const exophone = exophones.get(called ?? '');
  if (!exophone) return refuse(400, 'to: an ExoPhone of the account');
  if (exophone.flow === undefined && exophone.exoml === undefined) return refuse(409, 'no flow is assigned to this ExoPhone');
  return { status: 201, json: callSummary(carrier, theSwitch.ringIn(caller, exophone.number)) };
};

/** GET /network, /network/calls, /network/calls/{sid}[/heard.wav|/heard.raw|/heard.sent.raw|/said.wav|/said.raw], /network/warnings;
 * POST /network/inbound, /network/calls/{sid}/hang-up, /network/calls/{sid}/press. `raw` is PCM16LE; `sent` leaves out silence of the carrier's own. */
export const serveDesk = (carrier: Carrier, theSwitch: Switch, method: string, path: string, body: Record<string, unknown>): DeskAnswer => {
  const [, , page = '', sid = '', what = ''] = path.split('/');
  const calls = [...carrier.calls.values()];
  if (page === 'inbound' && method === 'POST') return ringIn(carrier, theSwitch, body);
  const call = page === 'calls' ? carrier.calls.get(sid) : undefined;
  if (call && method === 'POST') return handOf(carrier, call, what, body);
  if (method !== 'GET') return refuse(404, 'no such page');
  if (call) return what === '' ? { status: 200, json: callStory(carrier, call) } : audioOf(call, what);
  if (page === '') {
    return { status: 200, json: { carrier: 'simulated Exotel', accountSid: carrier.settings.accountSid, exophones: [...carrier.settings.exophones.keys()],
      calls: calls.length, liveCalls: calls.filter((one) => !isOver(one)).length, notices: carrier.notices.list().length } };
  }
  if (page === 'warnings') return { status: 200, json: { notices: carrier.notices.list() } };
  if (page === 'calls' && sid === '') return { status: 200, json: { calls: calls.reverse().map((one) => callSummary(carrier, one)) } };
  return refuse(404, 'no such page');
};
