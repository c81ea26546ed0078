import { describe, expectTypeOf, it } from 'vitest';
import type { LeadView, readProgress } from '#calls/lead-view.ts';
import type { Lead, Progress } from '../../web/api.ts';

// Held by the compiler (`npm run check:types`): what the server makes is what the pages read.
describe('the pages’ contract with the server', () => {
  it('reads leads as the server shows them', () => {
    expectTypeOf<LeadView>().toExtend<Lead>();
  });

  it('reads progress as the server tells it', () => {
    expectTypeOf<NonNullable<Awaited<ReturnType<ReturnType<typeof readProgress>>>>>().toExtend<Progress>();
  });
});
