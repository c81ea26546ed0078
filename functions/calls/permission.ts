// Permission to dial (being written).
export interface Decision { at: string; outcome: 'allowed' | 'later' | 'refused'; code: string; reason: string; until: string | null; policyVersion: string; facts: Record<string, string | number | boolean | null> }
