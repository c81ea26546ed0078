// A stream is worth money: from outside, nobody without a good ticket gets one byte to the agent, and nobody may hold a connection open.
import { createHmac, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { noise } from '#doubles/other-sound.ts';
import { openLine, type LineOptions } from '#doubles/other-line.ts';
import type { OtherCall } from '#doubles/other-twilio-call.ts';
import { until } from './until.ts';
import { startWorld, type Person, type World } from './world.ts';

/** A connection that shows nothing is closed within 3 s; a busy machine gets a margin. */
const SOON_MS = 6000;
let world: World;
/** A call whose document was fetched before everything else: its ticket grows old meanwhile. */
let aged: Held;
beforeAll(async () => {
  world = await startWorld({ stack: { env: { STREAM_TICKET_TTL_SECONDS: '5' } }, agent: async (agent) => {
    agent.metadata('ulaw_8000');
    agent.audio(noise(4000, 1), 1);
    await agent.closed;
  } });
  aged = await answered();
});
afterAll(() => world.end());

interface Held { person: Person; call: OtherCall; parameters: Record<string, string>; takenAt: number; hangUp: () => Promise<void> }
const streamUrl = (): string => `ws://127.0.0.1:${world.stack.relayPort}/twilio`;

/** A call that was answered and whose document was fetched; its stream is ours to open, or not. */
const answered = async (): Promise<Held> => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const person = await world.ask({ phone: { life: async (call) => {
    call.status = 'in-progress';
    await promise;
    await call.tells('completed', 3, { CallDuration: '1' });
  } } });
  const call = await person.call();
  const [connectVerb] = await call.document();
  const parameters = Object.fromEntries(connectVerb!.children[0]!.children.map(({ attributes }) => [attributes['name']!, attributes['value']!]));
  return { person, call, parameters, takenAt: Date.now(), hangUp: async () => { resolve(); await call.life; } };
};
const line = (held: Held, more: Partial<LineOptions> = {}) =>
  openLine({ url: streamUrl(), accountSid: world.twilio.accountSid, callSid: held.call.sid, streamSid: `MZ${randomBytes(16).toString('hex')}`, parameters: held.parameters, ...more });
/** Streams that are refused: resolves with the close code. */
const refused = async (held: Held, more: Partial<LineOptions> = {}): Promise<number> => {
  const one = line(held, more);
  await one.opened;
  return until('the stream is closed', () => one.closeCode, SOON_MS);
};
/** A connection that sends these frames and then stays. */
const closedAfter = async (...frames: (string | Buffer)[]): Promise<number> => {
  const socket = new WebSocket(streamUrl(), { perMessageDeflate: false });
  let code: number | undefined;
  socket.on('error', () => {});
  socket.on('close', (closed) => { code = closed; });
  socket.on('open', () => { for (const frame of frames) socket.send(frame); });
  return until('the connection is closed', () => code, SOON_MS);
};
const nothingReachedTheAgent = (): void => {
  expect(world.agent.asked).toEqual([]);
  expect(world.agent.connections).toBe(0);
};

test('lets nobody through to the agent who has no ticket, a wrong one, or another call\'s', async () => {
  const [held, other] = await Promise.all([answered(), answered()]);
  const ticketOf = ({ parameters }: Held): string => parameters['ticket']!;
  const [version, callId, epoch, expires, mac] = ticketOf(held).split('.');
  expect([version, epoch]).toEqual(['v1', '0']);
  const start = (ticket: unknown): string => JSON.stringify({
    event: 'start', sequenceNumber: '1', streamSid: 'MZ1', start: { accountSid: world.twilio.accountSid, streamSid: 'MZ1', callSid: held.call.sid, tracks: ['inbound'], customParameters: ticket },
  });
  const without = (name: string): Record<string, string> => Object.fromEntries(Object.entries(held.parameters).filter(([key]) => key !== name));
  const forged = createHmac('sha256', 'a secret that is not the right one').update(`${callId}\n${held.call.sid}\n${epoch}\n${expires}`).digest('base64url');
  const wrong: Partial<LineOptions>[] = [
    { parameters: {} }, { parameters: without('ticket') },
    ...['', ' ', 'null', 'v1', 'v1....', ticketOf(held).slice(0, -1), `${ticketOf(held)}A`, `v1.${callId}.${epoch}.${expires}.${forged}`, `v1.${callId}.${epoch}.9999999999.${mac}`,
      `v1.${callId}.1.${expires}.${mac}`, `v2.${callId}.${epoch}.${expires}.${mac}`, ticketOf(other), ticketOf(held).toUpperCase(), 'x'.repeat(900)].map((ticket) => ({ parameters: { ...held.parameters, ticket } })),
    { callSid: other.call.sid }, { callSid: `CA${randomBytes(16).toString('hex')}` }, { accountSid: `AC${randomBytes(16).toString('hex')}` },
  ];
  const codes = await Promise.all([
    ...wrong.map((more) => refused(held, more)),
    ...[undefined, null, 5, [], 'ticket', { ticket: 5 }, { ticket: null }, { ticket: { a: 1 } }].map((parameters) => closedAfter('{"event":"connected","protocol":"Call","version":"1.0.0"}', start(parameters))),
  ]);
  for (const code of codes) expect([1003, 1007, 1008]).toContain(code);
  nothingReachedTheAgent();
  // Our ticket is still good: refused attempts used nothing up. (The proof that this test could fail.)
  const good = line(held);
  await until('the agent is heard', () => good.heard().length > 0);
  expect(world.agent.connections).toBe(1);
  good.hangUp();
  await Promise.all([held.hangUp(), other.hangUp()]);
  world.agent.asked.length = 0;
  world.agent.connections = 0;
});

test('closes what says nothing, what begins with anything but start, and what is no Twilio at all, within three seconds', async () => {
  const media = JSON.stringify({ event: 'media', sequenceNumber: '2', streamSid: 'MZ1', media: { track: 'inbound', chunk: '1', timestamp: '0', payload: noise(160, 1).toString('base64') } });
  const codes = await Promise.all([
    closedAfter(), closedAfter('{"event":"connected","protocol":"Call","version":"1.0.0"}'), closedAfter(media), closedAfter(...Array.from({ length: 500 }, () => media)),
    closedAfter('not json'), closedAfter('{}'), closedAfter('[]'), closedAfter('null'), closedAfter('{"event":5}'), closedAfter('{"event":"start"}'), closedAfter('{"event":"tomorrow"}'), closedAfter('{"event":"stop"}'),
    closedAfter(noise(1000, 2)), closedAfter(Buffer.from([0xff, 0xfe])), closedAfter('x'.repeat(10 * 1024 * 1024)), closedAfter(`{"event":"start","start":"${'x'.repeat(10 * 1024 * 1024)}"}`),
    closedAfter(noise(10 * 1024 * 1024, 3)), closedAfter('['.repeat(60_000)),
  ]);
  for (const code of codes) expect(code).toBeGreaterThanOrEqual(1000);
  // Connections that do not even speak HTTP.
  await Promise.all(['', 'hello\r\n\r\n', 'GET / HTTP/1.1\r\n', '\x00\x01\x02'].map(async (text) => {
    const socket = connect(world.stack.relayPort, '127.0.0.1');
    let gone = false;
    socket.on('error', () => {}).on('close', () => { gone = true; }).resume();
    socket.write(text);
    await until('a connection without HTTP is closed', () => gone, 2 * SOON_MS);
  }));
  nothingReachedTheAgent();
  const ready = await fetch(`http://127.0.0.1:${world.stack.relayPort}/ready`);
  expect(await ready.json()).toMatchObject({ ready: true, active: 0 });
});

test('lets a ticket through once: a second stream with it never reaches the agent, and the first talks on', async () => {
  const held = await answered();
  const first = line(held);
  await until('the agent is heard', () => first.heard().length > 0);
  const connections = world.agent.connections;
  expect(await refused(held)).toBe(1008);
  expect(await refused(held)).toBe(1008);
  // The document again: the same ticket, used up.
  const again = await held.call.document();
  const parameters = Object.fromEntries((again[0]!.children[0]?.children ?? []).map(({ attributes }) => [attributes['name']!, attributes['value']!]));
  expect(await refused(held, { parameters })).toBe(1008);
  expect(world.agent.connections).toBe(connections);
  expect(first.open).toBe(true);
  first.hangUp();
  await held.hangUp();
  await held.person.until('the call is over', ({ calls }) => calls[0]?.endReason === 'caller-hung-up' && calls[0].status === 'completed');
  // Nor after the call: the line is down.
  expect(await refused(held)).toBe(1008);
  expect(world.agent.connections).toBe(connections);
});

test('lets nobody through with a ticket that is older than it may be', async () => {
  const connections = world.agent.connections;
  await until('the ticket is too old', () => Date.now() > aged.takenAt + 6500, 8000);
  expect(await refused(aged)).toBe(1008);
  expect(world.agent.connections).toBe(connections);
  await aged.hangUp();
});
