// Which time zones a number may be in, and which names are zones.
import { getCountries } from 'libphonenumber-js/max';
import { expect, it } from 'vitest';
import { canonicalZone, countryOfZone, zonesOf, zonesOfCountry } from '#calls/zones.ts';

it.each([
  ['+919876543210', ['Asia/Kolkata']],
  ['+9779812345678', ['Asia/Kathmandu']],
  ['+447700900123', ['Europe/London']],
  ['+12125550100', ['America/New_York']],
  ['+13125550100', ['America/Chicago']],
  ['+13035550100', ['America/Denver']],
  ['+16025550100', ['America/Phoenix']],
  ['+13105550100', ['America/Los_Angeles']],
  ['+19075550100', ['America/Anchorage', 'America/Adak']],
  ['+18085550100', ['Pacific/Honolulu']],
  ['+18505550100', ['America/New_York', 'America/Chicago']],
  ['+14165550100', ['America/Toronto']],
  ['+17095550100', ['America/St_Johns', 'America/Goose_Bay']],
  ['+5511987654321', ['America/Sao_Paulo']],
  ['+5592987654321', ['America/Manaus']],
  ['+61881234567', ['Australia/Perth', 'Australia/Eucla', 'Australia/Adelaide', 'Australia/Darwin', 'Australia/Broken_Hill']],
  ['+34922123456', ['Atlantic/Canary']],
  ['+351291123456', ['Atlantic/Madeira']],
  ['+38344123456', ['Europe/Belgrade']],
])('places %s', (phone, zones) => {
  expect(zonesOf(phone)).toEqual(zones);
});

it('takes all zones of the country when the number does not say where', () => {
  const all = zonesOf('+19995550100');
  expect(all).toEqual(expect.arrayContaining(['America/New_York', 'America/Chicago', 'America/Denver', 'America/Los_Angeles', 'America/Anchorage', 'Pacific/Honolulu']));
  expect(zonesOf('+61412345678')).toEqual(expect.arrayContaining(['Australia/Sydney', 'Australia/Perth', 'Australia/Adelaide']));
  expect(zonesOf('+79161234567').length).toBeGreaterThan(10);
});

it('knows no zone for numbers of no country, and for what is no number', () => {
  for (const phone of ['+80012345678', '+870773111632', '+881612345678', '+883510012345', 'hello', '']) expect(zonesOf(phone)).toEqual([]);
});

it('has at least one usable zone for every country of the numbering plans', () => {
  expect(getCountries().filter((country) => zonesOfCountry(country).length === 0)).toEqual([]);
  expect(getCountries().flatMap(zonesOfCountry).filter((zone) => canonicalZone(zone) !== zone)).toEqual([]);
});

it.each([['Asia/Calcutta', 'Asia/Kolkata'], ['asia/kolkata', 'Asia/Kolkata'], ['US/Eastern', 'America/New_York'], ['Europe/Kiev', 'Europe/Kyiv'],
  ['America/Argentina/Buenos_Aires', 'America/Argentina/Buenos_Aires'], ['America/Buenos_Aires', 'America/Argentina/Buenos_Aires'], ['Europe/Berlin', 'Europe/Berlin']])('reads %s as %s', (text, zone) => {
  expect(canonicalZone(text)).toBe(zone);
});

it.each(['UTC', 'GMT', 'Etc/UTC', 'Etc/GMT+5', 'Etc/Unknown', '+05:30', 'Mars/Olympus', '', 'Berlin', 'Asia/Kolkata; DROP', '../etc/passwd', 'Europe/', 'x'.repeat(5000)])('takes %j for no place', (text) => {
  expect(canonicalZone(text)).toBeUndefined();
});

it('tells the country of a zone', () => {
  expect(['America/New_York', 'Asia/Calcutta', 'Europe/Vatican', 'Europe/Belgrade', 'Pacific/Auckland', 'Antarctica/Troll'].map(countryOfZone)).toEqual(['US', 'IN', 'VA', 'RS', 'NZ', undefined]);
});
