// `node bin/exotel-addresses.ts`: prints the addresses that are typed into Exotel's dashboard, each with the account's token in it, from `.env`.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadEnvFile } from 'node:process';
import { accountToken, appletUrl, type Applet } from '#carriers/exotel/webhook.ts';
import { exotelAddresses } from '#compose/carriers.ts';
import { readEnv } from '#house/env.ts';

const file = join(import.meta.dirname, '..', '.env');
if (existsSync(file)) loadEnvFile(file);
try {
  const addresses = exotelAddresses(readEnv({ ...process.env, STAGE: process.env['STAGE'] || 'local' }));
  const where: Record<Applet, string> = { greeting: 'Greeting, "Read text"', gather: 'Gather, primary URL', passthru: 'Passthru (200: branch A, 302: branch B)', stream: 'Voicebot, dynamic URL', connect: 'Connect, dynamic URL' };
  for (const [applet, applied] of Object.entries(where)) process.stdout.write(`${applied.padEnd(40)} ${appletUrl(addresses, applet as Applet)}\n`);
  process.stdout.write(`${'Passthru before a Gather, after a talk'.padEnd(40)} ${appletUrl(addresses, 'passthru')}&ask=keys\n`);
  process.stdout.write(`${'Status callback of a flow'.padEnd(40)} ${addresses.publicBase}/webhooks/exotel/status?token=${accountToken(addresses.secret)}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
