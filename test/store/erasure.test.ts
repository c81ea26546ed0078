import { describe } from 'vitest';
import { erasureContract } from './contract-erasure.ts';
import { inMemory, withEngine } from './engine.ts';

const { stores } = withEngine();
describe('erasure and operations in memory', () => { erasureContract(inMemory); });
describe('erasure and operations in DynamoDB', () => { erasureContract(stores); });
