import * as fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { done, standardTools, useTool, type Tool, type ToolCall } from '#agent/tools.ts';
import { dtmf } from '#audio/dtmf.ts';
import { FORMATS } from '#audio/formats.ts';
import { jsonLog } from '#house/log.ts';

afterEach(() => { vi.useRealTimers(); });

/** A call on which everything can be done, and what was done. */
const desk = () => {
  const did: unknown[] = [];
  const lines: string[] = [];
  const call: ToolCall = {
    parameters: {},
    optOut: () => void did.push('opt-out'),
    endCall: () => void did.push('end'),
    transfer: (reason) => { did.push({ transfer: reason }); return done('Put through.'); },
    sendKeys: (digits) => { did.push({ keys: digits }); return done('Pressed.'); },
    scheduleCallback: async (ask) => { did.push(ask); return done('Planned.'); },
  };
  const use = (name: string, parameters: unknown, { tools = standardTools, signal = new AbortController().signal }: { tools?: Record<string, Tool>; signal?: AbortSignal } = {}) =>
    useTool(tools, name, { ...call, parameters }, jsonLog((line) => lines.push(line)), signal);
  return { did, lines, use };
};

describe('a tool', () => {
  it('that there is not is answered with those that there are', async () => {
    for (const name of ['make_coffee', '__proto__', 'constructor', '']) {
      const { use, did } = desk();
      expect(await use(name, {})).toEqual({ isError: true, result: 'There is no such tool. The tools are do_not_call, end_call, transfer_to_human, send_keys, schedule_callback.' });
      expect(did).toEqual([]);
    }
  });

  it('that fails is answered as an error, and what failed is logged without what the caller said', async () => {
    const { use, lines } = desk();
    const tools = { broken: () => Promise.reject(new Error('the number +12025550123 cannot be planned for')) };
    expect(await use('broken', { note: 'Ada wants a boiler.' }, { tools })).toMatchObject({ isError: true, result: expect.stringContaining('cannot be done at the moment') as string });
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([{ level: 'warn', message: 'a tool failed', tool: 'broken' }]);
    expect(lines.join()).not.toMatch(/Ada|boiler|5550123/);
  });

  it('that throws at once is answered, too', async () => {
    const { use } = desk();
    const tools: Record<string, Tool> = { broken: () => { throw new Error('x'); } };
    expect(await use('broken', {}, { tools })).toMatchObject({ isError: true });
  });

  it('that never ends is answered after ten seconds, and leaves no timer', async () => {
    vi.useFakeTimers();
    const { use } = desk();
    const answer = use('slow', {}, { tools: { slow: () => new Promise(() => {}) } });
    await vi.advanceTimersByTimeAsync(9_999);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(await answer).toMatchObject({ isError: true, result: expect.stringContaining('too long') as string });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('that never ends is let go with the call', async () => {
    const { use } = desk();
    const over = new AbortController();
    const answer = use('slow', {}, { tools: { slow: () => new Promise(() => {}) }, signal: over.signal });
    over.abort();
    expect(await answer).toEqual({ result: 'the call is over', isError: true });
  });

  it('is answered whatever a model writes, and does nothing for what it does not understand', async () => {
    await fc.assert(fc.asyncProperty(fc.constantFrom(...Object.keys(standardTools)), fc.oneof(fc.anything(), fc.record({ digits: fc.anything(), when: fc.anything(), note: fc.anything(), reason: fc.anything(), in_minutes: fc.anything() })), async (name, parameters) => {
      const { use, did } = desk();
      const { result, isError } = await use(name, parameters);
      expect(result.length).toBeGreaterThan(0);
      expect(did).toHaveLength(isError ? 0 : 1);
    }), { numRuns: 300 });
  });
});

describe('do_not_call and end_call', () => {
  it.each([undefined, null, {}, { reason: 'They asked.' }, 'now'])('want no parameters, and take %j', async (parameters) => {
    const { use, did } = desk();
    expect([(await use('do_not_call', parameters)).isError, (await use('end_call', parameters)).isError, did]).toEqual([false, false, ['opt-out', 'end']]);
  });
});

describe('transfer_to_human', () => {
  it.each<[unknown, string | null]>([[{}, null], [null, null], [{ reason: ' ' }, null], [{ reason: null }, null], [{ reason: ' Wants a price. ', urgency: 7 }, 'Wants a price.'], [{ reason: 'x'.repeat(900) }, 'x'.repeat(300)]])(
    'takes %j', async (parameters, reason) => {
      const { use, did } = desk();
      expect(await use('transfer_to_human', parameters)).toEqual({ result: 'Put through.', isError: false });
      expect(did).toEqual([{ transfer: reason }]);
    });

  it('wants a reason that is text', async () => {
    expect(await desk().use('transfer_to_human', { reason: 7 })).toEqual({ isError: true, result: 'Nothing was done: reason must be text. Correct that and use the tool again.' });
    expect(await desk().use('transfer_to_human', 'please')).toEqual({ isError: true, result: 'Nothing was done: parameters must be an object. Correct that and use the tool again.' });
  });
});

describe('send_keys', () => {
  it.each<[unknown, string]>([[{ digits: '1' }, '1'], [{ digits: 12 }, '12'], [{ digits: '1 2-3#' }, '123#'], [{ digits: '*a9W1,2' }, '*A9w1,2'], [{ digits: '5'.repeat(32) }, '5'.repeat(32)]])('takes %j', async (parameters, keys) => {
    const { use, did } = desk();
    expect((await use('send_keys', parameters)).isError).toBe(false);
    expect(did).toEqual([{ keys }]);
    expect(dtmf(keys, FORMATS.ulaw_8000).length).toBeGreaterThan(0);
  });

  it.each([{}, { digits: '' }, { digits: 'w,' }, { digits: '12e' }, { digits: '1'.repeat(33) }, { digits: null }, { digits: -1 }, { digits: 1.5 }, { digits: ['1'] }, { keys: '1' }])('refuses %j in words that say what would be right', async (parameters) => {
    const { use, did } = desk();
    const { result, isError } = await use('send_keys', parameters);
    expect([isError, did]).toEqual([true, []]);
    expect(result).toMatch(/^Nothing was done: digits must be the keys to press, such as 12#/);
  });

  it('waits for nobody longer than twenty seconds', async () => {
    const { use } = desk();
    expect((await use('send_keys', { digits: ',,,,,,,,,1' })).isError).toBe(false);
    expect((await use('send_keys', { digits: ',,,,,,,,,,1' })).result).toContain('digits may last 20 seconds');
  });
});

describe('schedule_callback', () => {
  it.each<[object, object]>([
    [{ when: '2026-11-28T15:30+05:30' }, { when: '2026-11-28T15:30+05:30', note: null }], [{ when: ' 2026-11-28T15:30 ', note: ' About the price. ' }, { when: '2026-11-28T15:30', note: 'About the price.' }],
    [{ in_minutes: 20 }, { when: 'PT20M', note: null }], [{ in_minutes: '90', note: '' }, { when: 'PT90M', note: null }], [{ when: '2026-11-28T15:30Z', in_minutes: 5 }, { when: '2026-11-28T15:30Z', note: null }],
  ])('takes %j', async (parameters, ask) => {
    const { use, did } = desk();
    expect(await use('schedule_callback', parameters)).toEqual({ result: 'Planned.', isError: false });
    expect(did).toEqual([ask]);
  });

  it.each<[unknown, string]>([
    [{}, 'when must be a time such as 2026-11-28T15:30+05:30'], [{ when: '' }, 'when must be a time such as'], [{ when: 17 }, 'when must be a time such as'], [{ when: 'x'.repeat(61) }, 'when must be a time such as'],
    [{ in_minutes: 0 }, 'in_minutes must be a whole number of minutes'], [{ in_minutes: 'soon' }, 'in_minutes must be a whole number of minutes'], [{ in_minutes: 1e9 }, 'in_minutes must be'], [{ when: '2026-11-28T15:30', note: 5 }, 'note must be text'],
  ])('refuses %j in words that say what would be right', async (parameters, words) => {
    const { use, did } = desk();
    const { result, isError } = await use('schedule_callback', parameters);
    expect([isError, did]).toEqual([true, []]);
    expect(result).toContain(words);
  });
});
