import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { consentText, defaultSite, readSite } from '../../web/consent.ts';
import { leadInHash, maskPhone, median, safeLink } from '../../web/console/words.ts';
import { enquiryKey, randomUuid } from '../../web/enquiry/key.ts';
import { duration, latency, whenInWords } from '../../web/when.ts';

describe('a masked number', () => {
  it('shows its first three and last two characters', () => {
    expect(maskPhone('+14155550123')).toBe('+14•••••••23');
  });

  it('never shows more than five characters, and nothing of what is too short', () => {
    fc.assert(fc.property(fc.stringMatching(/^\+?[0-9]{1,15}$/), (phone) => {
      const shown = maskPhone(phone).replaceAll('•', '');
      expect(maskPhone(phone)).toHaveLength(phone.length);
      expect(shown.length).toBeLessThanOrEqual(phone.length < 8 ? 0 : 5);
    }));
  });
});

describe('times in words', () => {
  const now = new Date('2026-03-28T22:30:00Z');
  const berlin = { locale: 'en-GB', timeZone: 'Europe/Berlin' };

  it('are today, tomorrow or a day with its name, by the reader’s calendar', () => {
    expect(whenInWords('2026-03-28T22:45:00Z', now, berlin)).toBe('today at 23:45');
    expect(whenInWords('2026-03-28T23:15:00Z', now, berlin)).toBe('tomorrow at 00:15');
    expect(whenInWords('2026-03-30T07:00:00Z', now, berlin)).toMatch(/^on Monday,? 30 March at 09:00$/);
  });

  it('count a day of 23 hours as one day', () => {
    // Clocks go forward in Berlin in the night to 29 March 2026.
    expect(whenInWords('2026-03-29T21:45:00Z', now, berlin)).toBe('tomorrow at 23:45');
  });

  it('use twelve hours where the reader does', () => {
    expect(whenInWords('2026-03-29T13:00:00Z', now, { locale: 'en-US', timeZone: 'America/New_York' })).toMatch(/^tomorrow at 9:00\sAM$/u);
  });

  it('say nothing of what is no time', () => {
    expect(whenInWords('soon', now, berlin)).toBeNull();
  });

  it('give durations and latencies in the unit that fits', () => {
    expect([duration(42), duration(65), latency(420), latency(1849)]).toEqual(['42 s', '1 min 05 s', '420 ms', '1.8 s']);
  });
});

describe('the consent', () => {
  it('names the caller, the AI voice, recording, hours, the way out, and that nothing depends on it', () => {
    const text = consentText({ ...defaultSite, businessName: 'Sunny Roofs' });
    for (const part of ['Sunny Roofs calls the number', 'AI voice agent', 'recorded and transcribed', 'calling hours', 'Press 9', 'not a condition of buying']) expect(text).toContain(part);
    expect(text).not.toContain('Ringback');
  });

  it('takes from site.json what is of the right kind, and defaults for the rest', () => {
    expect(readSite({ businessName: ' Sunny Roofs ', callingHours: 9, simulated: 'yes' })).toEqual({ ...defaultSite, businessName: 'Sunny Roofs' });
    expect([null, 'x', [], 4].map(readSite)).toEqual([defaultSite, defaultSite, defaultSite, defaultSite]);
  });
});

describe('the enquiry’s key', () => {
  const memory = () => {
    const kept = new Map<string, string>();
    return { read: (name: string) => kept.get(name) ?? null, write: (name: string, value: string | null) => { if (value === null) kept.delete(name); else kept.set(name, value); } };
  };

  it('is a random UUID', () => {
    expect(randomUuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(randomUuid()).not.toBe(randomUuid());
  });

  it('stays the same, over a reload too, until it is renewed', () => {
    const tab = memory();
    const first = enquiryKey(tab).current();
    const reloaded = enquiryKey(tab);
    expect(reloaded.current()).toBe(first);
    reloaded.renew();
    expect(reloaded.current()).not.toBe(first);
  });
});

describe('the console’s small rules', () => {
  it('find the lead in the address, and nothing else', () => {
    expect(leadInHash('#/leads/lead_01ABC')).toBe('lead_01ABC');
    expect(['', '#/', '#/leads/', '#/leads/../x', '#/leads/lead_1/2'].map(leadInHash)).toEqual([null, null, null, null, null]);
  });

  it('make links of web addresses only', () => {
    expect(safeLink('https://api.example/r.wav')).toBe('https://api.example/r.wav');
    expect(['javascript:alert(1)', 'data:text/html,x', 'r.wav', null].map(safeLink)).toEqual([null, null, null, null]);
  });

  it('take the middle of the latencies', () => {
    expect([median([]), median([5]), median([9, 1, 5]), median([1, 3])]).toEqual([null, 5, 5, 2]);
  });
});
