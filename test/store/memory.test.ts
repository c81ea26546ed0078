import { describe } from 'vitest';
import { callContract } from './contract-calls.ts';
import { guardContract } from './contract-guards.ts';
import { leadContract } from './contract-leads.ts';
import { inMemory } from './engine.ts';

describe('leads in memory', () => { leadContract(inMemory); });
describe('calls in memory', () => { callContract(inMemory, 100); });
describe('guards in memory', () => { guardContract(inMemory); });
