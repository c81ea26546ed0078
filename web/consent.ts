// Called by the build (for the page as it is served) and by the enquiry page: the one place with the words of the consent.

/** What differs from business to business; served as /site.json. */
export interface Site {
  businessName: string;
  /** As people say it, for example `9:00 to 21:00`. */
  callingHours: string;
  /** True where the calls go to the simulated phone network: the page then says which number plays which story. */
  simulated: boolean;
  /** Cloudflare Turnstile's public key; with one, the page shows its widget and sends what it gave out. */
  turnstileSiteKey?: string;
}

export const defaultSite: Site = { businessName: 'Ringback', callingHours: '9:00 to 21:00', simulated: false };

export interface Point { term: string; text: string }

export const consentPoints = ({ businessName, callingHours }: Site): Point[] => [
  { term: 'Who calls', text: `${businessName} calls the number you enter here, about this enquiry.` },
  { term: 'Who speaks', text: 'An AI voice agent talks with you, in an artificial voice. It says so in its first words.' },
  { term: 'Recording', text: 'The call may be recorded and transcribed.' },
  { term: 'When', text: `Within calling hours only, usually ${callingHours} where you are. If we miss you, we may try again.` },
  { term: 'Stopping', text: 'Press 9 during the call, or say that you want no more calls, and we stop calling.' },
  { term: 'Your choice', text: 'Agreeing is not a condition of buying anything.' },
];

export const consentLabel = ({ businessName }: Site): string =>
  `Yes, ${businessName} may call me at this number with an AI voice agent, as described here.`;

/** The evidence: every word that was shown, and the sentence that was ticked; in one line, because a form posts line ends as others than a script. */
export const consentText = (site: Site): string =>
  [...consentPoints(site).map(({ term, text }) => `${term}: ${text}`), consentLabel(site)].join(' ');

/** Reads /site.json; whatever is missing or of another kind is the default. */
export const readSite = (value: unknown): Site => {
  const given = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const text = (name: 'businessName' | 'callingHours'): string => {
    const found = given[name];
    return typeof found === 'string' && found.trim() ? found.trim() : defaultSite[name];
  };
  const key = given['turnstileSiteKey'];
  return {
    businessName: text('businessName'), callingHours: text('callingHours'), simulated: given['simulated'] === true,
    ...(typeof key === 'string' && key.trim() ? { turnstileSiteKey: key.trim() } : {}),
  };
};
