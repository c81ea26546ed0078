import { describe, expect, it } from 'vitest';
import type { Captcha } from '#calls/captcha.ts';
import { VisibleError } from '#calls/errors.ts';
import { enquireHandler } from '#handlers/enquire.ts';
import { ask, formEvent, jsonEvent, jsonOf, problemOf } from '#doubles/events.ts';
import { openDoors } from '#doubles/front-doors.ts';
import { silentLog } from '#house/log.ts';

const form = { phone: '+442079460018', consent: true };

/** A captcha that takes `good` for the first enquiry that shows it. */
const door = (captcha?: Captcha) => {
  const { world } = openDoors();
  const seen: { token: string; enquiryKey: string; ip: string | null }[] = [];
  const once: Captcha = captcha ?? { isSolved: async (proof) => {
    seen.push(proof);
    return proof.token === 'good' && seen[0]!.enquiryKey === proof.enquiryKey;
  } };
  return { world, seen, enquire: enquireHandler({ ...world.enquiryDeps, calls: world.stores.calls, captcha: once, defaultCallingCode: undefined, log: silentLog }) };
};

describe('a form with a captcha', () => {
  it('is taken when it was solved', async () => {
    const { enquire, seen } = door();
    expect((await ask(enquire, jsonEvent('/enquire', { ...form, captcha: 'good' }))).status).toBe(202);
    expect(seen).toMatchObject([{ token: 'good', ip: '203.0.113.7' }]);
  });

  it('is taken from a plain form under the widget\'s own name', async () => {
    const { enquire } = door();
    expect((await ask(enquire, formEvent('/enquire', [['phone', form.phone], ['consent', 'on'], ['cf-turnstile-response', 'good']]))).status).toBe(202);
  });

  it.each([[{}, 'captcha-missing'], [{ captcha: '' }, 'captcha-missing'], [{ captcha: 'bad' }, 'captcha-failed']])('is refused with %j, in words, and leaves no trace', async (more, code) => {
    const { world, enquire } = door();
    const before = world.stores.dump();
    const answer = await ask(enquire, jsonEvent('/enquire', { ...form, ...more }));
    expect([answer.status, problemOf(answer)]).toMatchObject([400, { code, errors: [{ field: 'captcha' }] }]);
    expect(world.stores.dump()).toBe(before);
  });

  it('is not taken while nobody can tell: 503, and when to come again', async () => {
    const { world, enquire } = door({ isSolved: async () => { throw new VisibleError('unavailable', 'captcha-unavailable', 'Not now.', { retryAfterSeconds: 10 }); } });
    const before = world.stores.dump();
    const answer = await ask(enquire, jsonEvent('/enquire', { ...form, captcha: 'good' }));
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '10']);
    expect(world.stores.dump()).toBe(before);
  });

  it('that is sent again under its key is answered as before, whatever became of its token', async () => {
    const { enquire, seen } = door();
    const again = { headers: { 'idempotency-key': 'one' } };
    const first = await ask(enquire, jsonEvent('/enquire', { ...form, captcha: 'good' }, again));
    const second = await ask(enquire, jsonEvent('/enquire', { ...form, captcha: 'good' }, again));
    expect([second.status, jsonOf(second)]).toEqual([202, jsonOf(first)]);
    expect(seen).toHaveLength(1);
  });

  it('is not taken twice for one token', async () => {
    const { enquire } = door();
    await ask(enquire, jsonEvent('/enquire', { ...form, captcha: 'good' }));
    expect(problemOf(await ask(enquire, jsonEvent('/enquire', { phone: '+442079460019', consent: true, captcha: 'good' }))).code).toBe('captcha-failed');
  });
});
