// What the local stack makes up at its first start and keeps: its tokens, and the accounts at the simulated phone network.
import { randomBytes, randomInt } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Keepsakes {
  adminToken: string;
  ticketSecret: string;
  outboxSecret: string;
  twilio: { accountSid: string; authToken: string; number: string };
  exotel: { accountSid: string; apiKey: string; apiToken: string; exoPhone: string };
  elevenLabs: { apiKey: string; agentId: string; webhookSecret: string };
}

const hex = (bytes: number): string => randomBytes(bytes).toString('hex');

const madeUp = (): Keepsakes => ({
  adminToken: randomBytes(18).toString('base64url'),
  ticketSecret: hex(32),
  outboxSecret: `whsec_${randomBytes(24).toString('base64')}`,
  // 555-01xx numbers are set aside for fiction.
  twilio: { accountSid: `AC${hex(16)}`, authToken: hex(16), number: `+1202555${String(randomInt(100, 200)).padStart(4, '0')}` },
  exotel: { accountSid: `desk${hex(4)}`, apiKey: hex(24), apiToken: hex(24), exoPhone: `0804${String(randomInt(10_000_000)).padStart(7, '0')}` },
  elevenLabs: { apiKey: `sk_${hex(24)}`, agentId: `agent_${hex(10)}`, webhookSecret: `wsec_${hex(32)}` },
});

/** Reads them from `directory`, or makes them there, readable by their owner only. Throws an Error that names the file when it cannot be used. */
export const keepsakes = (directory: string): Keepsakes => {
  const file = join(directory, 'keepsakes.json');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  let text: string | undefined;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  let kept: Partial<Keepsakes> = {};
  try {
    kept = text === undefined ? {} : (JSON.parse(text) as Partial<Keepsakes>);
  } catch (cause) {
    throw new Error(`${file} is not JSON. Put it right, or delete it: new tokens are made then.`, { cause });
  }
  // What a newer version needs and an older start did not make is made up now, and kept from then on.
  const all = { ...madeUp(), ...kept };
  if (Object.keys(all).some((name) => !(name in kept))) {
    writeFileSync(`${file}.new`, `${JSON.stringify(all, null, 2)}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
  return all;
};
