// Which numbers may be rung at all, by country, prefix and type. Used by permission.
import type { Phone } from './phone.ts';
import type { Policy } from './policy.ts';

/** Why a number may not be rung, or undefined. */
export const numberFault = (number: Phone, policy: Policy): { code: string; reason: string } | undefined => {
  const { numbers, countries } = policy;
  const prefix = numbers.refusedPrefixes.find((p) => number.phone.startsWith(p));
  if (prefix) return { code: 'prefix-refused', reason: `Numbers that begin with ${prefix} are not called.` };
  if (numbers.refusedTypes.includes(number.type)) return { code: 'type-refused', reason: `This is a ${typeInWords(number.type)} number; those are not called.` };
  if (number.country !== undefined && countries.refuse.includes(number.country)) return { code: 'country-refused', reason: `Numbers in ${number.country} are not called.` };
  if (countries.allow !== '*' && (number.country === undefined || !countries.allow.includes(number.country)))
    return { code: 'country-not-allowed', reason: number.country === undefined ? 'Numbers of no country are not called.' : `Numbers in ${number.country} are not called; the policy does not list that country.` };
  return undefined;
};

const typeInWords = (type: Phone['type']): string => type === 'uan' ? 'company-wide access' : type.replaceAll('-', ' ');
