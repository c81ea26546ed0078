// Reading phone numbers as people type them.
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { readPhone } from '#calls/phone.ts';
import { phoneKey } from '#calls/phone-key.ts';

it.each([
  ['+919876543210', undefined], ['+91 98765 43210', undefined], ['+91-98765-43210', undefined], ['0091 98765 43210', undefined], ['98765 43210', '91'], ['09876543210', '91'],
  ['98765-43210', '+91'], ['919876543210', '91'], ['+91 (0) 98765 43210', undefined], ['+91 0 98765 43210', undefined], ['९८७६५४३२१०', '91'], ['٩٨٧٦٥٤٣٢١٠', '91'], ['۹۸۷۶۵۴۳۲۱۰', '91'],
  ['＋９１９８７６５４３２１０', undefined], ['tel:+91-98765-43210', undefined], ['\u202a+91 98765 43210\u202c', undefined], ['+91\u00a098765\u201143210', undefined], ['  9876543210\n', '91'],
])('reads %j (default code %s) as an Indian mobile', (text, defaultCallingCode) => {
  expect(readPhone(text, { defaultCallingCode })).toEqual({ phone: '+919876543210', country: 'IN', callingCode: '91', type: 'mobile' });
});

it.each([
  ['(202) 555-0100', '1', '+12025550100', 'US'], ['202.555.0119', '1', '+12025550119', 'US'], ['1 202 555 0100', '1', '+12025550100', 'US'], ['011 44 7700 900123', '1', '+447700900123', 'GB'],
  ['+44 7700 900123', '91', '+447700900123', 'GB'], ['(020) 7946 0000', '44', '+442079460000', 'GB'], ['+44 (0)20 7946 0000', undefined, '+442079460000', 'GB'], ['+44 020 7946 0000', undefined, '+442079460000', 'GB'],
  ['+49 1512 3456789', undefined, '+4915123456789', 'DE'], ['030/123456', '49', '+4930123456', 'DE'], ['+39 06 1234 5678', undefined, '+390612345678', 'IT'], ['+39 (0)6 12345678', undefined, '+390612345678', 'IT'],
  ['+33 6 12 34 56 78', undefined, '+33612345678', 'FR'], ['+1 416 555 0100', undefined, '+14165550100', 'CA'], ['+1 876 555 0100', undefined, '+18765550100', 'JM'], ['+44 1624 612345', undefined, '+441624612345', 'IM'],
])('reads %j (default code %s) as %s', (text, defaultCallingCode, phone, country) => {
  expect(readPhone(text, { defaultCallingCode })).toMatchObject({ phone, country });
});

it.each(Array.from({ length: 20 }, (_, n) => [`+120255501${String(n).padStart(2, '0')}`, `+4479460009${String(n).padStart(2, '0')}`, `+9198765432${String(n).padStart(2, '0')}`]))('takes %s, %s and %s, whether or not anybody owns them', (...numbers) => {
  for (const text of numbers) expect(readPhone(text)).toMatchObject({ phone: text.replace(' ', '') });
});

it.each([
  ['', 'phone-missing'], ['   ', 'phone-missing'], ['+1-800-FLOWERS', 'phone-letters'], ['call me', 'phone-letters'], ['98765 43210 ext 12', 'phone-extension'], ['+44 20 7946 0000 x12', 'phone-extension'],
  ['+44 20 7946 0000,,12#', 'phone-extension'], ['+12025550100;ext=12', 'phone-extension'], ['++91 98765 43210', 'phone-characters'], ['98765+43210', 'phone-characters'], ['+91 98765 4321O', 'phone-letters'],
  ['12025550100@example', 'phone-letters'], ['<98765>', 'phone-characters'], ['+99 912345678', 'phone-unknown-country'], ['+0 12345678', 'phone-unknown-country'], ['+91 98765 4321', 'phone-too-short'],
  ['+91 98765 432101234', 'phone-too-long'], ['+1 202 555 010', 'phone-too-short'], ['+1 202 555 01000', 'phone-too-long'], ['12345', 'phone-too-short'], ['112', 'phone-too-short'], ['+49110', 'phone-too-short'],
  ['911', 'phone-too-short'], ['+', 'phone-too-short'], ['9'.repeat(5000), 'phone-too-long'], ['98765\u000043210', 'phone-characters'],
])('says what is wrong with %j', (text, fault) => {
  const read = readPhone(text, { defaultCallingCode: '91' });
  expect(read).toMatchObject({ fault });
  expect('message' in read && read.message).toMatch(/^(must|is too) /);
});

it('asks for a country code when there is no default', () => {
  expect(readPhone('9876543210')).toMatchObject({ fault: 'phone-no-country', message: expect.stringContaining('+') as unknown });
});

it('shows an example of the country that was meant, which is itself a right number', () => {
  for (const [text, code] of [['+91 98765', '+91'], ['+44 7700', '+44'], ['+49 1512 345678901234', '+49'], ['+1 202 555', '+1']] as const) {
    const read = readPhone(text);
    const example = 'message' in read ? read.message.slice(read.message.indexOf(code)) : '';
    expect(readPhone(example)).toHaveProperty('phone');
  }
});

it('never repeats the number in its message', () => {
  const read = readPhone('+91 98765 4321');
  expect('message' in read && read.message.replace(/\D/g, '')).not.toContain('987654321');
});

it.each([
  ['+19005551234', 'premium-rate'], ['+18005551234', 'toll-free'], ['+449098790879', 'premium-rate'], ['+447011234567', 'personal-number'], ['+9118001234567', 'toll-free'],
  ['+33899123456', 'premium-rate'], ['+442079460000', 'fixed-line'], ['+447700900123', 'unknown'], ['+80012345678', 'toll-free'],
])('tells the type of %s: %s', (text, type) => {
  expect(readPhone(text)).toMatchObject({ type });
});

it('gives numbers of no country no country', () => {
  for (const text of ['+80012345678', '+870773111632', '+881612345678', '+883510012345']) expect(readPhone(text)).toMatchObject({ phone: text, country: undefined });
});

it('reads its own output as itself, and any text without throwing', () => {
  fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 80 }), fc.stringMatching(/^[+0-9 ().-]{0,20}$/)), fc.constantFrom(undefined, '1', '91', '44', '49'), (text, defaultCallingCode) => {
    const read = readPhone(text, { defaultCallingCode });
    if ('fault' in read) return;
    expect(read.phone).toMatch(/^\+[1-9]\d{6,14}$/);
    expect(readPhone(read.phone)).toEqual(read);
  }), { numRuns: 1000 });
});

it('gives every number one key that does not contain it', () => {
  expect(phoneKey('+919876543210')).toMatch(/^[0-9a-f]{32}$/);
  expect(phoneKey('+919876543210')).toBe(phoneKey('+919876543210'));
  expect(phoneKey('+919876543210')).not.toBe(phoneKey('+919876543211'));
});
