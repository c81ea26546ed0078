// Public holidays, computed for any year.
import { describe, expect, it } from 'vitest';
import { easter, holidaysIn, holidaysOf, orthodoxEaster } from '#calls/holidays.ts';
import { holidayRules } from '#calls/holiday-rules.ts';
import { readPolicy } from '#calls/policy.ts';

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

it.each([[2000, '04-23'], [2008, '03-23'], [2019, '04-21'], [2024, '03-31'], [2025, '04-20'], [2026, '04-05'], [2027, '03-28'], [2038, '04-25'], [2049, '04-18']])('finds western Easter of %i', (year, expected) => {
  expect(day(easter(year))).toBe(`${year}-${expected}`);
});

it.each([[2019, '04-28'], [2023, '04-16'], [2024, '05-05'], [2025, '04-20'], [2026, '04-12'], [2027, '05-02'], [2028, '04-16']])('finds eastern Easter of %i', (year, expected) => {
  expect(day(orthodoxEaster(year))).toBe(`${year}-${expected}`);
});

it.each([
  ['DE', '2026-04-03', 'Good Friday'], ['DE', '2026-05-14', 'Ascension'], ['DE', '2026-05-25', 'Whit Monday'], ['DE', '2026-10-03', 'German Unity'],
  ['FR', '2026-07-14', 'Bastille Day'], ['FR', '2026-04-06', 'Easter Monday'], ['ES', '2026-10-12', 'national day'], ['IT', '2026-06-02', 'Republic Day'],
  ['US', '2026-11-26', 'Thanksgiving'], ['US', '2026-01-19', 'Martin Luther King Day'], ['US', '2026-05-25', 'Memorial Day'], ['US', '2026-09-07', 'Labor Day'],
  ['CA', '2026-05-18', 'Victoria Day'], ['CA', '2026-10-12', 'Thanksgiving'], ['GB', '2026-08-31', 'summer bank holiday'], ['GB', '2026-05-04', 'early May'],
  ['IN', '2026-01-26', 'Republic Day'], ['IN', '2026-08-15', 'Independence Day'], ['SE', '2026-06-20', 'Midsummer'], ['FI', '2026-10-31', 'All Saints'],
  ['GR', '2026-02-23', 'Clean Monday'], ['RO', '2026-06-01', 'Whit Monday and Children’s Day'], ['PL', '2026-06-04', 'Corpus Christi'], ['AU', '2026-04-25', 'Anzac Day'],
])('%s is off on %s (%s)', (country, date) => {
  expect(holidaysIn(country, Number(date.slice(0, 4)))).toContain(date);
});

it('keeps a British holiday on a weekend on the next working day as well', () => {
  const days = holidaysIn('GB', 2027);
  expect([...days].filter((d) => d.startsWith('2027-12'))).toEqual(['2027-12-25', '2027-12-26', '2027-12-27', '2027-12-28']);
  expect(holidaysIn('GB', 2022)).toContain('2022-01-03');
});

it('does not move holidays where nobody does', () => {
  expect(holidaysIn('DE', 2026)).not.toContain('2026-10-05');
});

it('knows no holidays of an unknown country', () => {
  expect([...holidaysIn('ZZ', 2026)]).toEqual([]);
});

it('has a rule behind every name, and every rule is a day in every year', () => {
  const years = [2024, 2025, 2026, 2027, 2028, 2029, 2030];
  const wrong = Object.keys(holidayRules).flatMap((country) => years.flatMap((year) => [...holidaysIn(country, year)].filter((date) => !date.startsWith(`${year}-`) || Number.isNaN(Date.parse(date)))));
  expect(wrong).toEqual([]);
  expect(Object.entries(holidayRules).filter(([, rules]) => Object.keys(rules).length < 3 || Object.values(rules).includes(''))).toEqual([]);
});

describe('the policy', () => {
  const policy = readPolicy({ holidays: { byCountry: { IN: { add: ['2026-11-08', '12-31'], drop: ['gandhi-jayanti'] }, BR: { add: ['09-07'] } } } });

  it('adds days of one year and of every year', () => {
    const off = holidaysOf(policy, 'IN');
    expect(['2026-11-08', '2027-11-08', '2026-12-31', '2031-12-31', '2026-01-26'].map(off)).toEqual([true, false, true, true, true]);
    expect(holidaysOf(policy, 'BR')('2027-09-07')).toBe(true);
  });

  it('drops a public holiday by its name', () => {
    expect(holidaysOf(policy, 'IN')('2026-10-02')).toBe(false);
    expect(holidaysOf(readPolicy({}), 'IN')('2026-10-02')).toBe(true);
  });

  it('can do without the built-in ones', () => {
    const own = holidaysOf(readPolicy({ holidays: { builtIn: false, byCountry: { DE: { add: ['12-24'] } } } }), 'DE');
    expect([own('2026-12-24'), own('2026-12-25')]).toEqual([true, false]);
  });

  it('has no days off for a place of no country', () => {
    expect(holidaysOf(policy, undefined)('2026-12-25')).toBe(false);
  });
});
