import { describe } from 'vitest';
import { callContract } from './contract-calls.ts';
import { guardContract } from './contract-guards.ts';
import { leadContract } from './contract-leads.ts';
import { withEngine } from './engine.ts';

const { stores } = withEngine();
describe('leads in DynamoDB', () => { leadContract(stores); });
describe('calls in DynamoDB', () => { callContract(stores, 12); });
describe('guards in DynamoDB', () => { guardContract(stores); });
