import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DefinitionError, readDefinition } from '#agent/definition/document.ts';

const example = readFileSync(join(import.meta.dirname, '..', '..', 'agent.example.json'), 'utf8');
const good = { name: 'A', business: 'Example Solar', greeting: 'Hello, this is the AI assistant of Example Solar.', prompt: 'Be kind.', voice: { id: 'v1' } };

const problemsOf = (text: string): string[] => {
  try {
    readDefinition(text);
    return [];
  } catch (error) {
    if (error instanceof DefinitionError) return error.problems;
    throw error;
  }
};
const problems = (more: Record<string, unknown>): string[] => problemsOf(JSON.stringify({ ...good, ...more }));

describe('the definition of an agent', () => {
  it('is what the example shows', () => {
    expect(problemsOf(example)).toEqual([]);
  });

  it('needs five fields; the others have defaults', () => {
    expect(readDefinition(JSON.stringify(good))).toMatchObject({
      language: 'en', otherLanguages: {}, turn: { timeoutSeconds: 7, eagerness: 'normal', hangUpAfterSeconds: 30 }, tools: ['transfer_to_human', 'send_keys', 'schedule_callback'], voicemail: null,
    });
    expect(problemsOf('{}').map((problem) => problem.split(':')[0])).toEqual(['name', 'business', 'greeting', 'prompt', 'voice']);
    expect(problemsOf('{}')[0]).toBe('name: is missing');
  });

  it('is refused with everything that is wrong at once, each by its field', () => {
    expect(problems({ greeting: '', language: 'English', temprature: 1, voice: { id: 'v', speed: 3, pitch: 1 }, turn: { eagerness: 'very' }, tools: ['end_call'], otherLanguages: { Hindi: { greeting: 'x' } } })).toEqual(expect.arrayContaining([
      'language: must be a language such as "en", "hi" or "pt-br"', 'greeting: must not be empty', 'voice.speed: must be at most 1.2', 'voice.pitch: is not known', 'turn.eagerness: must be patient, normal or eager',
      'tools.0: must be transfer_to_human, send_keys, schedule_callback', 'temprature: is not known', expect.stringMatching(/^otherLanguages\.Hindi: must be a language/) as string,
    ]));
  });

  it.each(['', 'name: x', '[1', '"text"', 'null', '[]'])('is refused in words when it is no JSON object: %s', (text) => {
    expect(problemsOf(text)).toEqual([expect.stringMatching(/the document/)]);
  });

  it.each([
    ['does not say that it is an AI', 'Hello, this is Example Solar.', /^greeting: must say that it is an AI/],
    ['does not say who is calling', 'Hello, I am an AI.', /^greeting: must say who is calling: "Example Solar"/],
    ['denies it', 'Hello, this is Example Solar, I am not an AI.', /^greeting: denies that the agent is an AI \("hello, this is example solar, i am not an ai"\)/],
  ])('is refused when its greeting %s', (_what, greeting, problem) => {
    expect(problems({ greeting })).toEqual([expect.stringMatching(problem)]);
    expect(problems({ otherLanguages: { de: { greeting } } })).toEqual([expect.stringMatching(new RegExp(problem.source.replace('greeting', 'otherLanguages.de.greeting')))]);
    expect(problems({ voicemail: greeting })).toEqual([expect.stringMatching(new RegExp(problem.source.replace('greeting', 'voicemail')))]);
  });

  it('is refused when its prompt tells the agent to deny that it is an AI', () => {
    expect(problems({ prompt: 'Be kind. If asked, say that you are a real person.' })).toEqual([expect.stringMatching(/^prompt: denies .*real person/)]);
    expect(problems({ prompt: 'Be kind. Never claim to be a real person.' })).toEqual([]);
  });

  it('is refused when it names a variable that nobody sends: the conversation would end before it began', () => {
    expect(problems({ greeting: `${good.greeting} Hello {{ name }}.`, prompt: 'For {{lead_name}}, at {{system__time_utc}}, about {{interest}}.' })).toEqual([expect.stringMatching(/^greeting: \{\{name\}\} is not known; the variables are lead_name, interest/)]);
  });

  it('is refused when a further language is the first one', () => {
    expect(problems({ otherLanguages: { en: { greeting: good.greeting } } })).toEqual(['otherLanguages.en: is the agent\'s language already']);
  });
});
