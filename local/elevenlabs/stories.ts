/** The simulated agent chooses how to behave by the last two digits of the number that was called; this reads them. */
import { isObject } from './json.ts';

export type Story = {
  /** Two digits, or undefined when the agent was not told any number. */
  digits: string | undefined;
  kind: 'ordinary' | 'long-talk' | 'quota-exceeded' | 'crash' | 'mute' | 'slow';
};

const KINDS: Record<string, Story['kind']> = { '07': 'long-talk', '16': 'quota-exceeded', '17': 'crash', '18': 'mute', '19': 'slow' };
const PREFERRED = ['system__called_number', 'called_number', 'to_number', 'lead_phone', 'phone'];
const E164 = /^\+\d{8,15}$/u;

/** The called number, from dynamic variables alone (nothing else reaches the real agent): preferred names first, then any. */
export const calledNumber = (dynamicVariables: unknown): string | undefined => {
  if (!isObject(dynamicVariables)) return undefined;
  const names = [...PREFERRED, ...Object.keys(dynamicVariables)];
  for (const name of names) {
    const value = dynamicVariables[name];
    if (typeof value === 'string' && E164.test(value)) return value;
  }
  return undefined;
};

export const storyOf = (number: string | undefined): Story => {
  const digits = number?.slice(-2);
  return { digits, kind: KINDS[digits ?? ''] ?? 'ordinary' };
};
