import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { difference, inWords } from '#agent/definition/difference.ts';
import { contained, laidOver, type Json, type JsonObject } from '#agent/definition/json.ts';

const words = (wanted: JsonObject, there: JsonObject): string[] => difference(wanted, there).changes.map(inWords);
const PROMPT = 'conversation_config.agent.prompt';
const agent = (prompt: JsonObject): JsonObject => ({ conversation_config: { agent: { prompt } } });

describe('what has to change', () => {
  it('is nothing where all that is wanted is there, whatever else there is', () => {
    expect(difference({ name: 'A', a: { b: [1], c: { d: 1 } } }, { name: 'A', a: { b: [1], c: { d: 1, e: 2 }, f: null }, g: 'x' })).toEqual({ changes: [], patch: {} });
  });

  it('is only what differs, nested as it was', () => {
    expect(difference({ name: 'A', a: { b: 1, c: { d: true } } }, { name: 'A', a: { b: 2, c: { d: true } } }).patch).toEqual({ a: { b: 1 } });
  });

  it('adds to lists that are not ours alone, and sends the whole list', () => {
    const { patch } = difference({ tags: ['ringback'], [`x`]: [1] }, { tags: ['theirs'], x: [2] });
    expect(patch).toEqual({ tags: ['theirs', 'ringback'], x: [1] });
  });

  it('sends the whole of a map that is not ours alone: what others put there as it was read, nothing that is off', () => {
    const there = agent({ built_in_tools: { skip_turn: { name: 'skip_turn' }, end_call: { name: 'end_call', description: 'theirs', params: {} }, language_detection: null } });
    expect(difference(agent({ built_in_tools: { end_call: { name: 'end_call', params: { system_tool_type: 'end_call' } } } }), there).patch)
      .toEqual(agent({ built_in_tools: { skip_turn: { name: 'skip_turn' }, end_call: { name: 'end_call', description: 'theirs', params: { system_tool_type: 'end_call' } } } }));
  });

  it('leaves values for the test window as somebody set them, and adds those that are missing', () => {
    const variables = (map: JsonObject): JsonObject => ({ conversation_config: { agent: { dynamic_variables: { dynamic_variable_placeholders: map } } } });
    expect(difference(variables({ lead_name: 'Ada', interest: 'a quote' }), variables({ lead_name: 'Grace', own: 1 })).patch).toEqual(variables({ lead_name: 'Grace', own: 1, interest: 'a quote' }));
  });

  it('is said in plain words', () => {
    const there = { ...agent({ prompt: 'One.\nTwo.', llm: 'a', built_in_tools: { end_call: null } }), platform_settings: { auth: { enable_auth: false } }, tags: ['x'] };
    const wanted = { ...agent({ prompt: 'One.\nThree.', llm: 'b', built_in_tools: { end_call: { name: 'end_call' } } }), platform_settings: { auth: { enable_auth: true } }, tags: ['ringback'], new_thing: 1 };
    expect(words(wanted, there)).toEqual([
      '  prompt:\n    - Two.\n    + Three.', '  llm: "a" -> "b"', '  system tool end_call: new', '  needs a key or a signed address: no -> yes', '  tags: also ringback', '  new_thing: nothing -> 1',
    ]);
    expect(words(agent({ llm: 'x'.repeat(300) }), {})[0]!.length).toBeLessThan(200);
    expect(PROMPT in there).toBe(false);
  });

  it('leads to an agent that needs no further change, and in which nothing was lost: whether ElevenLabs joins maps or replaces shared ones', () => {
    const leaf: fc.Arbitrary<Json> = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
    const map = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.dictionary(fc.constantFrom('x', 'y'), leaf));
    const some = fc.record({
      conversation_config: fc.record({ agent: fc.record({ prompt: fc.record({ prompt: fc.string(), built_in_tools: map, tool_ids: fc.array(fc.constantFrom('t1', 't2', 't3')) }) }) }),
      platform_settings: fc.record({ data_collection: map, auth: fc.record({ enable_auth: fc.boolean() }) }),
      tags: fc.array(fc.constantFrom('p', 'q')),
    }) as fc.Arbitrary<JsonObject>;
    const replacing = (there: JsonObject, patch: JsonObject): JsonObject => {
      const joined = laidOver(there, patch) as { conversation_config: { agent: { prompt: JsonObject } }; platform_settings: JsonObject };
      const sent = patch as { conversation_config?: { agent: { prompt: JsonObject } }; platform_settings?: JsonObject };
      const tools = sent.conversation_config?.agent.prompt['built_in_tools'];
      if (tools) joined.conversation_config.agent.prompt['built_in_tools'] = tools;
      const collected = sent.platform_settings?.['data_collection'];
      if (collected) joined.platform_settings['data_collection'] = collected;
      return joined;
    };
    fc.assert(fc.property(some, some, (wanted, there) => {
      const { patch } = difference(wanted, there);
      for (const after of [laidOver(there, patch), replacing(structuredClone(there), structuredClone(patch))]) {
        expect(difference(wanted, after).changes).toEqual([]);
        const keysThere = Object.keys((there as { platform_settings: { data_collection: JsonObject } }).platform_settings.data_collection);
        expect(contained(keysThere.toSorted(), Object.keys((after as { platform_settings: { data_collection: JsonObject } }).platform_settings.data_collection).filter((key) => keysThere.includes(key)).toSorted())).toBe(true);
      }
    }));
  });
});
