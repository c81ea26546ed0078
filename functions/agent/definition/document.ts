// The document that an agent is made from (agent.json): read field by field, with an error for everything that is wrong at once.
// Called by bin/agent-push.ts. Every field is explained in docs/agent.md.
import * as z from 'zod';
import { openingVariables } from '../variables.ts';
import { denial, names, saysItIsAi } from './disclosure.ts';

/** Our side's tools that an agent may be given. `do_not_call` is not asked for: every agent has it. */
export const optionalTools = ['transfer_to_human', 'send_keys', 'schedule_callback'] as const;
export type OptionalTool = (typeof optionalTools)[number];

const words = (most: number) => z.string().trim().min(1, 'must not be empty').max(most, `must have at most ${most} characters`);
const within = (least: number, most: number) => z.number(`must be a number from ${least} to ${most}`).min(least, `must be at least ${least}`).max(most, `must be at most ${most}`);
const language = () => z.string().regex(/^[a-z]{2,3}(-[a-z]{2})?$/, 'must be a language such as "en", "hi" or "pt-br"');

const schema = z.strictObject({
  /** How the agent is called at ElevenLabs; the caller does not hear it. */
  name: words(100),
  /** Who is calling, as the greeting says it. */
  business: words(100),
  language: language().default('en'),
  greeting: words(1000),
  prompt: words(50_000),
  /** Further languages, each with its greeting: the agent changes over when the caller speaks one of them. */
  otherLanguages: z.record(language(), z.strictObject({ greeting: words(1000) })).default({}),
  voice: z.strictObject({
    id: words(100),
    model: z.string().regex(/^eleven_\w+$/, 'must be a model of ElevenLabs such as "eleven_flash_v2_5"').optional(),
    stability: within(0, 1).optional(),
    similarity: within(0, 1).optional(),
    speed: within(0.7, 1.2).optional(),
  }),
  llm: words(100).optional(),
  temperature: within(0, 1).optional(),
  turn: z.strictObject({
    /** Silence of the caller after which the agent speaks again. */
    timeoutSeconds: within(1, 30).default(7),
    eagerness: z.enum(['patient', 'normal', 'eager'], 'must be patient, normal or eager').default('normal'),
    /** Silence of the caller after which the call ends; null: never. */
    hangUpAfterSeconds: within(10, 600).nullable().default(30),
  }).prefault({}),
  tools: z.array(z.enum(optionalTools, `must be ${optionalTools.join(', ')}`)).default([...optionalTools]),
  /** What is said to a voicemail before hanging up; null: nothing. */
  voicemail: words(1000).nullable().default(null),
});

export type Definition = z.output<typeof schema>;

/** The document cannot be used; `problems` names every field that is wrong and what would be right. */
export class DefinitionError extends Error {
  readonly problems: string[];

  constructor(problems: string[]) {
    super(problems.join('\n'));
    this.name = 'DefinitionError';
    this.problems = problems;
  }
}

const variable = /\{\{\s*([^}]*?)\s*\}\}/g;
/** A variable that a text names and nobody sends ends the conversation before it begins (1008). `system__…` are filled in by ElevenLabs. */
const unknownVariables = (text: string): string[] =>
  [...text.matchAll(variable)].map((found) => found[1]!).filter((name) => !(openingVariables as readonly string[]).includes(name) && !/^system__\w+$/.test(name));

/** What a caller hears first, wherever it is written down. */
const heardFirst = (definition: Definition): [field: string, text: string][] => [
  ['greeting', definition.greeting],
  ...Object.entries(definition.otherLanguages).map(([name, { greeting }]): [string, string] => [`otherLanguages.${name}.greeting`, greeting]),
  ...(definition.voicemail === null ? [] : [['voicemail', definition.voicemail] as [string, string]]),
];

const problemsOf = (definition: Definition): string[] => {
  const first = heardFirst(definition);
  const all = [...first, ['prompt', definition.prompt] as [string, string]];
  const denials = all.flatMap(([field, text]) => {
    const found = denial(text);
    return found === undefined ? [] : [`${field}: denies that the agent is an AI ("${found.slice(0, 120)}"); leave it out. People who are called have a right to know`];
  });
  return [
    ...first.filter(([, text]) => !saysItIsAi(text)).map(([field]) => `${field}: must say that it is an AI, such as "this is the AI assistant of ${definition.business}"`),
    ...first.filter(([, text]) => !names(text, definition.business)).map(([field]) => `${field}: must say who is calling: "${definition.business}", as business has it`),
    ...denials,
    ...all.flatMap(([field, text]) => unknownVariables(text).map((name) => `${field}: {{${name}}} is not known; the variables are ${openingVariables.join(', ')}`)),
    ...(definition.otherLanguages[definition.language] ? [`otherLanguages.${definition.language}: is the agent's language already`] : []),
  ];
};

const at = (value: unknown, path: PropertyKey[]): unknown => path.reduce((here, key) => (here as Record<PropertyKey, unknown> | undefined)?.[key], value);
const placeOf = (path: PropertyKey[]): string => path.map(String).join('.') || 'the document';

/** Throws DefinitionError. */
export const readDefinition = (text: string): Definition => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new DefinitionError([`the document is no JSON: ${error instanceof Error ? error.message : String(error)}`]);
  }
  const read = schema.safeParse(value);
  if (!read.success) {
    throw new DefinitionError(read.error.issues.map((issue) => {
      if (issue.code === 'unrecognized_keys') return `${placeOf([...issue.path, issue.keys.join(', ')])}: is not known`;
      if (issue.code === 'invalid_type' && at(value, issue.path) === undefined) return `${placeOf(issue.path)}: is missing`;
      return `${placeOf(issue.path)}: ${issue.code === 'invalid_key' ? issue.issues[0]!.message : issue.message}`;
    }));
  }
  const problems = problemsOf(read.data);
  if (problems.length > 0) throw new DefinitionError(problems);
  return read.data;
};
