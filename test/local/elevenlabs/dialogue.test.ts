import { describe, expect, it } from 'vitest';
import { answer, newMemory, silence, type Disposition, type Memory } from '#local/elevenlabs/dialogue.ts';
import { clip } from '#local/speech/clips.ts';

/** What remains after the caller has said all of it. */
const after = (...words: string[]): Memory => words.reduce((memory, said) => answer(said, memory).memory, newMemory());

describe('the script of the simulated agent', () => {
  it('pitches once and then goes into details', () => {
    const first = answer('Hello', newMemory());
    expect(first.plan.say).toEqual(['agent-pitch']);
    expect(answer('Yes', first.memory).plan.say).toEqual(['agent-details']);
  });

  it('asks whether one is still there when it understood nothing', () => {
    expect(answer('...', newMemory()).plan.say).toEqual(['agent-still-there']);
  });

  it('hands over, and says something when that did not work', () => {
    const { plan } = answer(clip('caller-human-please').text, newMemory());
    expect(plan.tool).toMatchObject({ name: 'transfer_to_human', done: { say: [] }, failed: { say: ['agent-anything-else'] } });
  });

  it('does not confirm an opt-out that was not recorded', () => {
    const { plan } = answer(clip('caller-stop-calling').text, newMemory());
    expect(plan.tool?.done.say).toContain('agent-opt-out-confirm');
    expect(plan.tool?.failed).toEqual({ say: ['agent-goodbye'], end: 'end_call' });
  });

  it('says goodbye at the third silence; a word in between starts the count anew', () => {
    let memory = newMemory();
    const said = Array.from({ length: 3 }, () => {
      const step = silence(memory);
      memory = step.memory;
      return step.plan.say[0];
    });
    expect(said).toEqual(['agent-still-there', 'agent-still-there', 'agent-goodbye']);
    expect(silence(answer('Hello', memory).memory).plan.say).toEqual(['agent-still-there']);
  });

  const ends: [words: string[], disposition: Disposition][] = [
    [['caller-hello', 'caller-sounds-good', 'caller-goodbye'], 'interested'],
    [['caller-hello', 'caller-goodbye'], 'not-interested'],
    [['caller-goodbye'], 'unknown'],
    [['caller-human-please'], 'callback'],
    [['caller-sounds-good', 'caller-stop-calling'], 'do-not-call'],
    [['voicemail-greeting'], 'voicemail'],
  ];
  for (const [names, disposition] of ends) {
    it(`holds ${names.join(', ')} for ${disposition}`, () => {
      expect(after(...names.map((name) => clip(name).text)).disposition).toBe(disposition);
    });
  }

  it('knows a wrong number and a plain no', () => {
    expect(after('Sorry, wrong number').disposition).toBe('wrong-number');
    expect(after('I am not interested').disposition).toBe('not-interested');
  });
});
