// kill -9, at every moment of a call: from outside, nothing is lost and nobody's phone rings twice.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noise } from '#doubles/other-sound.ts';
import type { OtherCall } from '#doubles/other-twilio-call.ts';
import type { OtherTwilio } from '#doubles/other-twilio.ts';
import { processesOf } from './stack.ts';
import { until } from './until.ts';
import { startWorld, type LeadSeen, type Person, type World } from './world.ts';

let world: World;
beforeAll(async () => { world = await startWorld({ stack: { env: { RECONCILE_AFTER_SECONDS: '2' } } }); });
afterAll(() => world.end());

const over = ({ status, attempts, calls }: LeadSeen): boolean =>
  !['new', 'dialling', 'in-call'].includes(status) && attempts.every(({ state }) => !['ready', 'dialling', 'unknown'].includes(state)) && calls.every(({ endedAt }) => endedAt !== null);

/** At most one request; a second only if the carrier's own list had said that there is no call. */
const askedHonestly = (twilio: OtherTwilio, { phone }: Person): number => {
  const dials = twilio.dials(phone);
  for (const [i, dial] of dials.entries()) {
    const previous = dials[i - 1];
    if (!previous) continue;
    expect(twilio.calls.filter(({ to, createdAt }) => to === phone && createdAt.getTime() < performance.timeOrigin + dial.at - 100)).toEqual([]);
    expect(twilio.asked.some(({ method, at, query }) => method === 'GET' && at > previous.at && at < dial.at && query.get('To') === phone)).toBe(true);
  }
  return dials.length;
};

test('loses nothing and dials nobody twice when all of it is killed at once, whatever each call was doing', { timeout: 90_000 }, async () => {
  const { promise: back, resolve: isBack } = Promise.withResolvers<void>();
  /** Rings on while nobody can be told, and is answered when somebody is there again. */
  const patient = async (call: OtherCall): Promise<void> => {
    await back;
    await call.answers();
  };
  let killed = false;
  const talking = await world.ask({
    agent: async (agent) => {
      agent.metadata('ulaw_8000');
      agent.says('Hello.', 1);
      agent.audio(noise(killed ? 4000 : 160_000, 1), 1);
      if (killed) agent.ends();
      await agent.closed;
    },
    phone: { life: (call) => call.answers().catch(async () => {
      // Nobody answered `action` in time: Twilio ends such a call.
      call.status = 'completed';
      await call.tells('completed', 3, { CallDuration: String(call.seconds) }).catch(() => {});
    }) },
  });
  const ringing = await world.ask({ phone: { life: async (call) => {
    call.status = 'ringing';
    await call.tells('ringing', 1);
    await patient(call);
  } } });
  const held = await world.ask({ phone: { rest: 'hold', life: patient } });
  const lost = await world.ask({ phone: { rest: 'hold', placed: false } });
  await until('somebody talks', async () => ((await talking.call()).line?.heard().length ?? 0) > 1600);
  await ringing.until('it rings', ({ calls }) => calls[0]?.status === 'ringing');
  await until('the carrier is being asked', () => world.twilio.dials(held.phone).length === 1 && world.twilio.dials(lost.phone).length === 1);

  const accepted = await world.ask({ phone: { life: patient } });
  killed = true;
  world.stack.kill9('main');
  await world.stack.exit;
  await until('nothing is left of it', () => processesOf(world.stack.directory).length === 0);
  world.twilio.phones.delete(lost.phone);
  await world.restart();
  isBack();

  for (const [what, person] of Object.entries({ talking, ringing, held, lost, accepted })) {
    const lead = await person.until(`the call that was ${what} is over`, over, 60_000);
    expect({ what, status: lead.status }).toEqual({ what, status: 'reached' });
    expect({ what, calls: lead.calls.length }).toEqual({ what, calls: 1 });
    expect({ what, dials: askedHonestly(world.twilio, person) }).toEqual({ what, dials: what === 'lost' ? 2 : 1 });
    expect(lead.calls[0]!.transcript.length).toBeGreaterThan(0);
    expect(lead.calls[0]!.endReason).not.toBeNull();
  }
});

describe.concurrent('a call in trouble', () => {
  test('does not ask again while the carrier is still thinking, however impatient the reconciler is', async () => {
    const person = await world.ask({ phone: { thinks: 7000 } });
    const lead = await person.until('the lead is reached', ({ status }) => status === 'reached', 25_000);
    expect(world.twilio.dials(person.phone)).toHaveLength(1);
    expect(lead.calls).toHaveLength(1);
  });

  test('finds a call whose answer was lost in the carrier\'s list, and dials nobody twice', async () => {
    const person = await world.ask({ phone: { rest: 'drop', life: async (call) => {
      await until('the call was looked for', () => world.twilio.asked.some(({ method, query }) => method === 'GET' && query.get('To') === call.to));
      await call.answers();
    } } });
    await person.until('the lead is reached', ({ status }) => status === 'reached', 25_000);
    expect(world.twilio.dials(person.phone)).toHaveLength(1);
  });

  test('goes on talking in the same call when the relay alone is killed in the middle of a sentence', async () => {
    let talks = 0;
    const person = await world.ask({
      agent: async (agent) => {
        agent.metadata('ulaw_8000');
        if (talks++ === 0) {
          agent.says('A sentence that is never', 1);
          agent.audio(noise(80_000, 2), 1);
          await agent.closed;
          return;
        }
        agent.says('Where were we?', 1);
        agent.audio(noise(8000, 3), 1);
        agent.ends();
      },
      phone: { life: (call) => call.answers() },
    });
    const call = await person.call();
    await until('the sentence is heard', () => (call.line?.heard().length ?? 0) > 8000);
    const killed = world.stack.kill9('relay');
    const lead = await person.until('the talk is over', ({ status }) => status === 'reached', 25_000);
    await call.life;
    expect(lead.calls).toHaveLength(1);
    expect(lead.calls[0]!.endReason).toBe('agent-ended');
    expect(lead.calls[0]!.transcript.map(({ text }) => text)).toContain('Where were we?');
    expect(call.lines.at(-1)!.heard().equals(noise(8000, 3))).toBe(true);
    expect(call.lines).toHaveLength(2);
    expect(world.twilio.dials(person.phone)).toHaveLength(1);
    expect(processesOf(world.stack.directory).map(({ pid }) => pid)).not.toContain(killed);
  });
});
