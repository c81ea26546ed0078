/** What the simulated agent answers: a small script, from the caller's words and what was said before. Pure. */

export type Disposition = 'interested' | 'callback' | 'not-interested' | 'wrong-number' | 'voicemail' | 'do-not-call' | 'unknown';

/** What the agent remembers of the talk. */
export type Memory = { pitched: boolean; silences: number; disposition: Disposition };

export type Plan = {
  /** Clips, said one after the other as one answer; may be empty. */
  say: readonly string[];
  /** Asked of the client after `say`; the talk goes on with one of the two plans. */
  tool?: { name: string; parameters: Record<string, string>; done: Plan; failed: Plan };
  /** A system tool that ends the conversation. */
  end?: 'end_call' | 'voicemail_detection';
};

type Step = { plan: Plan; memory: Memory };

export const newMemory = (): Memory => ({ pitched: false, silences: 0, disposition: 'unknown' });

const goodbye: Plan = { say: ['agent-goodbye'], end: 'end_call' };
const optOut: Plan = {
  say: [],
  tool: {
    name: 'do_not_call',
    parameters: { reason: 'The caller asked not to be called again.' },
    done: { say: ['agent-opt-out-confirm', 'agent-goodbye'], end: 'end_call' },
    failed: goodbye,
  },
};
const handOver: Plan = {
  say: ['agent-hand-over'],
  tool: { name: 'transfer_to_human', parameters: { reason: 'The caller asked for a person.' }, done: { say: [] }, failed: { say: ['agent-anything-else'] } },
};

type Rule = { words: RegExp; plan: (memory: Memory) => Plan; learn?: (memory: Memory) => Partial<Memory> };

/** In this order: what must not be missed first. */
const RULES: readonly Rule[] = [
  { words: /stop calling|off your list|do not call|don't call|opt.?out|pressed 9/iu, plan: () => optOut, learn: () => ({ disposition: 'do-not-call' }) },
  { words: /after the (tone|beep)|voicemail/iu, plan: () => ({ say: ['agent-goodbye'], end: 'voicemail_detection' }), learn: () => ({ disposition: 'voicemail' }) },
  { words: /wrong number/iu, plan: () => goodbye, learn: () => ({ disposition: 'wrong-number' }) },
  { words: /real person|human|colleague|talk to (a|some)/iu, plan: () => handOver, learn: () => ({ disposition: 'callback' }) },
  { words: /not interested|no thanks/iu, plan: () => goodbye, learn: () => ({ disposition: 'not-interested' }) },
  { words: /\bprice|\bcost|how much/iu, plan: () => ({ say: ['agent-price-answer'] }), learn: () => ({ pitched: true }) },
  { words: /tell me more|more about|details/iu, plan: () => ({ say: ['agent-details'] }), learn: () => ({ pitched: true }) },
  { words: /sounds good|interested|sign me up/iu, plan: () => ({ say: ['agent-anything-else'] }), learn: () => ({ disposition: 'interested' }) },
  {
    words: /goodbye|\bbye\b|that is all|that's all/iu,
    plan: () => goodbye,
    learn: ({ pitched, disposition }) => ({ disposition: disposition === 'unknown' && pitched ? 'not-interested' : disposition }),
  },
  { words: /wait|a moment|question|excuse me/iu, plan: () => ({ say: ['agent-go-ahead'] }) },
  { words: /^\W*$/u, plan: () => ({ say: ['agent-still-there'] }) },
  { words: /hello|yes|good time|sure|okay/iu, plan: ({ pitched }) => ({ say: [pitched ? 'agent-details' : 'agent-pitch'] }), learn: () => ({ pitched: true }) },
];

/** The answer to what the caller said; words that mean nothing to the script are asked back. */
export const answer = (words: string, memory: Memory): Step => {
  const rule = RULES.find((candidate) => candidate.words.test(words));
  const heard = { ...memory, silences: 0 };
  return { plan: rule?.plan(memory) ?? { say: ['agent-anything-else'] }, memory: { ...heard, ...rule?.learn?.(memory) } };
};

/** The caller has said nothing for the turn time-out: asks twice, then says goodbye. */
export const silence = (memory: Memory): Step => {
  const silences = memory.silences + 1;
  return { plan: silences < 3 ? { say: ['agent-still-there'] } : goodbye, memory: { ...memory, silences } };
};

const SUMMARIES: Record<Disposition, string> = {
  interested: 'The caller is interested in the offer.',
  callback: 'The caller asked to talk with a person.',
  'not-interested': 'The caller is not interested.',
  'wrong-number': 'The number belongs to somebody else.',
  voicemail: 'The call reached a voicemail.',
  'do-not-call': 'The caller asked not to be called again.',
  unknown: 'The call ended before anything was agreed.',
};

export const summaryOf = (disposition: Disposition): string => SUMMARIES[disposition];
