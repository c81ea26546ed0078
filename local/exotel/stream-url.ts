// The rules for a media socket's address, wherever it comes from: StreamUrl, an applet's field or a dynamic URL's answer.

export type StreamAddress = { url: string; rateHz: number; parameters: Record<string, string> };

const URL_MAX = 600;
const PARAMETERS_MAX = 3;
const PARAMETERS_MAX_CHARACTERS = 256;
const RATES = ['8000', '16000', '24000'];

/** The address, or a sentence about what is wrong with it. `parameters` are what comes back as custom_parameters. */
export const readStreamUrl = (url: string, rules: { sampleRateCounts: boolean; sampleRateEchoed: boolean }): StreamAddress | { problem: string } => {
  if (!/^wss?:\/\/[^/?#]/i.test(url) || !URL.canParse(url)) return { problem: 'it must begin with ws:// or wss://' };
  if (url.length >= URL_MAX) return { problem: `it has ${url.length} characters; it must have fewer than ${URL_MAX}` };
  const query = [...new URL(url).searchParams];
  const counted = query.filter(([name]) => rules.sampleRateCounts || name !== 'sample-rate');
  if (counted.length > PARAMETERS_MAX) return { problem: `it has ${counted.length} parameters; ${PARAMETERS_MAX} are the most` };
  const characters = counted.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (characters > PARAMETERS_MAX_CHARACTERS) return { problem: `its parameters have ${characters} characters; ${PARAMETERS_MAX_CHARACTERS} are the most` };
  const rate = query.find(([name]) => name === 'sample-rate')?.[1] ?? '8000';
  if (!RATES.includes(rate)) return { problem: `sample-rate must be one of ${RATES.join(', ')}` };
  return { url, rateHz: Number(rate), parameters: Object.fromEntries(query.filter(([name]) => rules.sampleRateEchoed || name !== 'sample-rate')) };
};
