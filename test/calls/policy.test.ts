// The policy document: everything has a default, and every mistake is named.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { VisibleError } from '#calls/errors.ts';
import { lawfulHours } from '#calls/lawful-hours.ts';
import { hoursIn, readPolicy, versionOf } from '#calls/policy.ts';

const problems = (document: unknown): { field: string; message: string }[] => {
  try {
    readPolicy(document);
    return [];
  } catch (error) {
    if (error instanceof VisibleError && error.code === 'policy-invalid') return error.fields;
    throw error;
  }
};

it('takes the empty document', () => {
  const policy = readPolicy({});
  expect(policy).toMatchObject({ version: 'default', killSwitch: false, ringSeconds: 30, hours: { builtIn: true } });
});

it('fills in what a document leaves out, at every depth', () => {
  const policy = readPolicy({ caps: { callsPerDay: 7 }, retry: { outcomes: { busy: { afterMinutes: [1] } } } });
  expect(policy.caps.callsPerDay).toBe(7);
  expect(policy.caps.perNumberPerDay).toBe(readPolicy({}).caps.perNumberPerDay);
  expect(policy.retry.outcomes.busy).toEqual({ afterMinutes: [1], carrier: 'same' });
  expect(policy.retry.outcomes['no-answer'].afterMinutes).toEqual([30, 120, 1440]);
});

it('is what the example file says, which spells out the defaults', () => {
  const example: unknown = JSON.parse(readFileSync(new URL('../../policy.example.json', import.meta.url), 'utf8'));
  const { fingerprint: _a, version: _b, ...spelt } = readPolicy(example);
  const { fingerprint: _c, version: _d, ...defaults } = readPolicy({});
  expect(spelt).toEqual(defaults);
});

it.each<[unknown, string]>([
  [[], 'policy'], ['text', 'policy'], [null, 'policy'],
  [{ killswitch: true }, 'policy'],
  [{ killSwitch: 'yes' }, 'killSwitch'],
  [{ hours: { default: [{ start: '9:00', end: '21:00' }] } }, 'hours.default.0.start'],
  [{ hours: { default: [{ start: '24:00', end: '24:00' }] } }, 'hours.default.0.start'],
  [{ hours: { default: [{ start: '09:00', end: '24:01' }] } }, 'hours.default.0.end'],
  [{ hours: { default: [{ start: '22:00', end: '06:00' }] } }, 'hours.default.0.end'],
  [{ hours: { default: [{ start: '09:00', end: '09:00' }] } }, 'hours.default.0.end'],
  [{ hours: { default: [{ start: '09:00', end: '21:00', days: [] }] } }, 'hours.default.0.days'],
  [{ hours: { default: [{ start: '09:00', end: '21:00', days: ['monday'] }] } }, 'hours.default.0.days.0'],
  [{ hours: { byZone: { 'Asia/Nowhere': [] } } }, 'hours.byZone.Asia/Nowhere'],
  [{ hours: { byCountry: { india: [] } } }, 'hours.byCountry.india'],
  [{ countries: { allow: ['in'] } }, 'countries.allow.0'],
  [{ countries: { allow: 'IN' } }, 'countries.allow'],
  [{ holidays: { byCountry: { IN: { add: ['2026-02-30'] } } } }, 'holidays.byCountry.IN.add.0'],
  [{ holidays: { byCountry: { IN: { add: ['Diwali'] } } } }, 'holidays.byCountry.IN.add.0'],
  [{ holidays: { byCountry: { IN: { drop: ['diwali'] } } } }, 'holidays.byCountry.IN.drop'],
  [{ frequency: { perDay: -1 } }, 'frequency.perDay'],
  [{ frequency: { perDay: 1.5 } }, 'frequency.perDay'],
  [{ caps: { spendPerDay: '100' } }, 'caps.spendPerDay'],
  [{ caps: { currency: 'dollars' } }, 'caps.currency'],
  [{ numbers: { refusedPrefixes: ['0900'] } }, 'numbers.refusedPrefixes.0'],
  [{ numbers: { refusedTypes: ['landline'] } }, 'numbers.refusedTypes.0'],
  [{ retry: { outcomes: { busy: { afterMinutes: 5 } } } }, 'retry.outcomes.busy.afterMinutes'],
  [{ version: 'two words' }, 'version'],
])('says where %j is wrong', (document, field) => {
  expect(problems(document).map((p) => p.field)).toContain(field);
});

it('names all problems at once, in one message', () => {
  const document = { killSwitch: 1, ringSeconds: 1, caps: { callsPerDay: -1 } };
  expect(problems(document).map((p) => p.field)).toEqual(['killSwitch', 'caps.callsPerDay', 'ringSeconds']);
  expect(() => readPolicy(document)).toThrow(/killSwitch: .*; caps\.callsPerDay: .*; ringSeconds: /);
});

it('says how hours over midnight are written', () => {
  expect(problems({ hours: { default: [{ start: '22:00', end: '06:00' }] } })[0]?.message).toContain('two windows');
});

it('has a version that changes with its content', () => {
  const versions = [{}, { ringSeconds: 31 }, { version: 'spring' }].map((document) => versionOf(readPolicy(document)));
  expect(new Set(versions).size).toBe(3);
  expect(versionOf(readPolicy({}))).toBe(versions[0]);
  expect(versions[2]).toMatch(/^spring\+[0-9a-f]{8}$/);
});

describe('hours of a place', () => {
  const nine = [{ days: ['mon' as const], start: '09:00', end: '10:00' }];
  const one = [{ days: ['mon' as const], start: '01:00', end: '02:00' }];

  it('come from its zone, else its country, else the built-in ones, else the default', () => {
    const policy = readPolicy({ hours: { default: nine, byCountry: { FR: one }, byZone: { 'Asia/Calcutta': one } } });
    expect(hoursIn(policy, { zone: 'Asia/Kolkata', country: 'IN' })).toEqual(one);
    expect(hoursIn(policy, { zone: 'Europe/Paris', country: 'FR' })).toEqual(one);
    expect(hoursIn(policy, { zone: 'Europe/Berlin', country: 'DE' })).toEqual(lawfulHours['DE']);
    expect(hoursIn(policy, { zone: 'Pacific/Fiji', country: 'FJ' })).toEqual(nine);
    expect(hoursIn(policy, { zone: 'Antarctica/Troll', country: undefined })).toEqual(nine);
  });

  it('are the default alone when the built-in ones are switched off', () => {
    const policy = readPolicy({ hours: { builtIn: false, default: nine } });
    expect(hoursIn(policy, { zone: 'Europe/Berlin', country: 'DE' })).toEqual(nine);
  });

  it('never lie outside 09:00 to 21:00 in the built-in ones', () => {
    const outside = Object.entries(lawfulHours).filter(([, windows]) => windows.length === 0 || windows.some(({ start, end }) => start < '09:00' || end > '21:00'));
    expect(outside).toEqual([]);
  });
});

it('reads every policy that the documentation shows', () => {
  const page = readFileSync(new URL('../../docs/policy.md', import.meta.url), 'utf8');
  const shown = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map((match): unknown => JSON.parse(match[1] ?? ''));
  expect(shown.map((document) => readPolicy(document).version)).toEqual(['desk']);
});
