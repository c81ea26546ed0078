// What `npm start` prints once everything runs: what is where, what is real and what is simulated, and how to try it.

export interface Facts {
  base: string;
  relay: string;
  database: { endpoint: string; started: boolean };
  /** Carriers and agent that are in use. */
  twilio?: { url: string; simulated: boolean } | undefined;
  exotel?: { url: string; simulated: boolean } | undefined;
  agent: { url: string; simulated: boolean };
  adminToken: string;
  directory: string;
  logFile: string;
  readyMs: number;
}

const said = (simulated: boolean): string => (simulated ? 'simulated' : 'REAL');

export const banner = (facts: Facts): string => {
  const rows: [string, string][] = [
    ['Enquiry page', `${facts.base}/`],
    ['Console', `${facts.base}/console`],
    ['Outcomes', `${facts.base}/outbox`],
    ['Admin token', facts.adminToken],
    ['', ''],
    ['Relay', `${facts.relay}  (real: the code that runs in AWS)`],
    ['Database', `${facts.database.endpoint}  (${facts.database.started ? 'embedded, DynamoDB-compatible' : 'yours, by DYNAMODB_ENDPOINT'})`],
    ...(['twilio', 'exotel'] as const).flatMap((name): [string, string][] => {
      const carrier = facts[name];
      return carrier ? [[name === 'twilio' ? 'Twilio' : 'Exotel', `${carrier.url}  (${said(carrier.simulated)})`]] : [];
    }),
    ['ElevenLabs', `${facts.agent.url}  (${said(facts.agent.simulated)})`],
    ['Data', facts.directory],
    ['Log', facts.logFile],
  ];
  const lines = rows.map(([name, value]) => (name ? `  ${name.padEnd(14)}${value}` : ''));
  const carriers = [facts.twilio, facts.exotel].filter((carrier) => carrier !== undefined);
  const tries = carriers.every((carrier) => carrier.simulated)
    ? ['', '  Nobody\'s phone rings: the last two digits of the number choose what happens. +1 202 555 0100 answers and talks,',
      '  …01 is busy, …02 does not answer, …03 is invalid, …05 hangs up, …07 talks over the agent, …16 the agent fails.']
    : ['', '  Real phones ring, and each call costs money.'];
  return `\nRingback is ready after ${(facts.readyMs / 1000).toFixed(1)} s. Ctrl-C stops it; the data stays.\n\n${[...lines, ...tries].join('\n')}\n\n`;
};
