// Which carriers a number may be called through, in order of preference: the policy's rules by prefix, else the order of the configuration.
// Asked when an attempt is made and when the next one is planned. A rule of the domain: carriers/ knows how to speak, not to whom.
import type { CarrierName } from './lead.ts';
import type { Policy } from './policy.ts';

/**
 * The first is asked; the others stand in when it is down (failover) or refuses. `configured`: carriers with credentials, the preferred one
 * first. The longest matching prefix decides; a rule that names only carriers without credentials is as good as none. Never empty
 * unless `configured` is.
 */
export const carriersFor = (phone: string, policy: Pick<Policy, 'carriers'>, configured: readonly CarrierName[]): CarrierName[] => {
  const rule = policy.carriers.routes.filter(({ prefix }) => phone.startsWith(prefix)).toSorted((a, b) => b.prefix.length - a.prefix.length)[0];
  const named = rule?.carriers.filter((name) => configured.includes(name)) ?? [];
  return named.length > 0 ? named : [...configured];
};
