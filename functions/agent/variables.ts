// The dynamic variables that every conversation is opened with: relay/opening.ts sends all of them, agents are made with a placeholder for each.

export const openingVariables = ['lead_name', 'interest', 'lead_id', 'attempt_id', 'call_id', 'call_sid', 'called_number', 'caller_number'] as const;
export type OpeningVariable = (typeof openingVariables)[number];
