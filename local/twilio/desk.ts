// The network's own pages under /network: what happened on each call, what was heard, and a way to ring in. For people and tests; not Twilio's.
import { type Call, type Carrier, isOver, talkSeconds } from './call.ts';
import { endCall } from './call-life.ts';
import { decodeMulaw, toWav } from '#local/people/mulaw.ts';
import { E164 } from './rest-values.ts';
import type { Switch } from './switch.ts';

export type DeskAnswer = { status: number; json?: unknown; wav?: Buffer; bytes?: Buffer };

export const callSummary = (carrier: Carrier, call: Call): Record<string, unknown> => ({
  sid: call.sid, to: call.to, from: call.from, direction: call.direction, status: call.status, parentSid: call.parentSid,
  story: { digits: call.story.digits, title: call.story.title }, answeredBy: call.answeredBy, createdAt: call.createdAt.toISOString(),
  answeredAt: call.answeredAt?.toISOString() ?? null, endedAt: call.endedAt?.toISOString() ?? null,
  talkSeconds: talkSeconds(call, carrier.settings.clock.date()),
});

const callStory = (carrier: Carrier, call: Call): Record<string, unknown> => ({
  ...callSummary(carrier, call),
  events: call.journal,
  streams: call.streams,
  said: call.caller?.said ?? [],
  heard: { ms: (call.line?.heard.frames ?? 0) * 20, spans: call.line?.heard.spans() ?? [] },
  notices: carrier.debugger.notices(call.sid),
});

const refuse = (status: number, detail: string): DeskAnswer => ({ status, json: { error: detail } });

const aboutCall = (carrier: Carrier, call: Call, what: string, method: string, body: Record<string, unknown>): DeskAnswer => {
  if (method === 'POST') {
    if (isOver(call)) return refuse(409, 'the call is over');
    if (what === 'hang-up') endCall(carrier, call, 'completed', 'the person hung up');
    else if (what === 'press' && /^[0-9A-D*#]+$/.test(String(body['digits']))) for (const digit of String(body['digits'])) call.line?.press(digit);
    else return refuse(what === 'press' ? 400 : 404, what === 'press' ? 'digits: 0-9, A-D, * or #' : 'no such page');
    return { status: 202, json: callSummary(carrier, call) };
  }
  if (what === '') return { status: 200, json: callStory(carrier, call) };
  const [, side, kind] = /^(heard|said)\.(wav|ulaw|sent\.ulaw)$/.exec(what) ?? [];
  if (side === undefined) return refuse(404, 'no such page');
  if (!call.line) return refuse(404, call.answeredAt ? 'the audio of this call is not kept any more' : 'the call was never answered');
  const track = side === 'heard' ? call.line.heard : call.line.said;
  if (kind === 'wav') return { status: 200, wav: toWav(decodeMulaw(track.all())) };
  return { status: 200, bytes: Buffer.from(kind === 'ulaw' ? track.all() : track.audible()) };
};

/** GET /network, /network/calls, /network/calls/{sid}[/heard.wav|/said.wav|/heard.ulaw|/heard.sent.ulaw], /network/warnings; POST /network/inbound,
 * /network/calls/{sid}/hang-up, /network/calls/{sid}/press. `sent.ulaw` is only what somebody sent, without the silence between. */
export const serveDesk = (carrier: Carrier, theSwitch: Switch, method: string, path: string, body: Record<string, unknown>): DeskAnswer => {
  const [, , page = '', sid = '', what = ''] = path.split('/');
  const calls = [...carrier.calls.values()];
  if (page === '' && method === 'GET') {
    return { status: 200, json: { carrier: 'simulated Twilio', accountSid: carrier.settings.accountSid, calls: calls.length,
      liveCalls: calls.filter((call) => !isOver(call)).length, notices: carrier.debugger.notices().length } };
  }
  if (page === 'warnings' && method === 'GET') return { status: 200, json: { notices: carrier.debugger.notices() } };
  if (page === 'inbound' && method === 'POST') {
    const { from, to } = body;
    // A caller may withhold the number: the carrier then says so in words.
    if (typeof from !== 'string' || !(E164.test(from) || ['anonymous', 'unknown'].includes(from))) return refuse(400, 'from: an E.164 number, "anonymous" or "unknown"');
    const own = carrier.settings.numbers;
    const called = to ?? own?.[0];
    if (typeof called !== 'string' || !E164.test(called) || (own && !own.includes(called))) return refuse(400, 'to: a number of the account, E.164');
    if (carrier.settings.voiceUrl === null) return refuse(409, 'no voiceUrl is configured for incoming calls');
    return { status: 201, json: callSummary(carrier, theSwitch.ringIn(from, called)) };
  }
  if (page === 'calls' && sid === '' && method === 'GET') return { status: 200, json: { calls: calls.reverse().map((call) => callSummary(carrier, call)) } };
  const call = page === 'calls' ? carrier.calls.get(sid) : undefined;
  return call ? aboutCall(carrier, call, what, method, body) : refuse(404, 'no such page');
};
