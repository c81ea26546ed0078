import { describe, expect, it } from 'vitest';
import { readNumbers } from '../../bench/numbers.ts';

const options = { calls: { usual: 50, least: 1, most: 500, what: 'callers' }, repeated: { usual: 0.05, least: 0, most: 1, fraction: true, what: 'share' } };

describe('the numbers of a bench', () => {
  it('are the usual ones where none are given', () => {
    expect(readNumbers(options, [])).toEqual({ calls: 50, repeated: 0.05 });
    expect(readNumbers(options, ['--calls', '500', '--repeated=0.5'])).toEqual({ calls: 500, repeated: 0.5 });
  });

  it.each(['0', '501', 'x', '', '1.5', 'NaN'])('are refused with what would be right when they are %j', (text) => {
    expect(() => readNumbers(options, [`--calls=${text}`])).toThrow(`--calls takes a whole number from 1 to 500, not "${text}".`);
  });

  it('have names, which are told to whoever gives another', () => {
    expect(() => readNumbers(options, ['--what'])).toThrow("Unknown option '--what'. The options are --calls, --repeated.");
    expect(() => readNumbers(options, ['5'])).toThrow(/The options are --calls, --repeated\.$/);
    expect(readNumbers(options, ['--help'])).toBe('help');
  });
});
