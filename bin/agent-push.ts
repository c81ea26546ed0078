// `npm run agent:push [-- --dry-run] [--adopt] [--file agent.json]`: makes the agents at ElevenLabs, or changes them, to what the document says.
// Prints what differs and the ids that belong into `.env`; deletes nothing. With --dry-run it only looks.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadEnvFile } from 'node:process';
import { parseArgs } from 'node:util';
import { agentsApi } from '#agent/definition/api.ts';
import { DefinitionError, readDefinition } from '#agent/definition/document.ts';
import { pushAgents, type Place } from '#agent/definition/push.ts';
import { parseFormat } from '#audio/formats.ts';
import { UpstreamError, VisibleError } from '#calls/errors.ts';
import type { CarrierName } from '#calls/lead.ts';
import { configuredCarriers, EnvError, readEnv, type Env } from '#house/env.ts';

const root = join(import.meta.dirname, '..');

/** What each carrier's stream sounds like. Exotel's is raw PCM at the rate that its address asks for. */
const formatOf = (carrier: CarrierName, env: Env) => (carrier === 'twilio' ? 'ulaw_8000' : parseFormat(`pcm_${env.EXOTEL_SAMPLE_RATE}`)!.name);

/** An agent for each carrier that the environment has credentials for. The relay falls back on ELEVENLABS_AGENT_ID. */
const placesOf = (env: Env): Place[] => {
  const configured = configuredCarriers(env);
  const carriers = configured.length > 0 ? configured : [env.TELEPHONY_PROVIDER ?? 'twilio'];
  return carriers.map((carrier) => {
    const own = carrier === 'exotel' && (carriers.length > 1 || env.ELEVENLABS_AGENT_ID_EXOTEL !== undefined);
    const variable = own ? 'ELEVENLABS_AGENT_ID_EXOTEL' : 'ELEVENLABS_AGENT_ID';
    return { carrier, format: formatOf(carrier, env), variable, agentId: env[variable] };
  });
};

/** What went wrong, one thing a line; undefined when it is not for whoever pushes. */
const explained = (error: unknown): string[] | undefined => {
  if (error instanceof DefinitionError || error instanceof EnvError) return error.problems;
  return error instanceof VisibleError || error instanceof UpstreamError ? [error.message] : undefined;
};

/** Resolves with the exit code. */
export const agentPush = async (args: string[], source: Record<string, string | undefined>, out: (text: string) => void): Promise<number> => {
  let options: { file?: string | undefined; 'dry-run': boolean; adopt: boolean };
  try {
    options = parseArgs({ args, options: { file: { type: 'string' }, 'dry-run': { type: 'boolean', default: false }, adopt: { type: 'boolean', default: false } } }).values;
  } catch (error) {
    out(`${error instanceof Error ? error.message : String(error)}\nThe options are --dry-run, --adopt and --file <agent.json>.`);
    return 2;
  }
  let file = options.file;
  try {
    const env = readEnv({ ...source, STAGE: source['STAGE'] || 'local' });
    file = resolve(root, file ?? env.AGENT_FILE);
    if (!env.ELEVENLABS_API_KEY) throw new VisibleError('invalid', 'key-missing', 'ELEVENLABS_API_KEY: is missing; agents are made in the account that it belongs to.');
    if (!existsSync(file)) throw new VisibleError('invalid', 'document-missing', `${file} is not there. Copy agent.example.json to agent.json, write your own words into it, and run this again.`);
    const definition = readDefinition(readFileSync(file, 'utf8'));
    const places = placesOf(env);
    const dryRun = options['dry-run'];
    const made = await pushAgents({ api: agentsApi({ baseUrl: env.ELEVENLABS_API_BASE_URL, apiKey: env.ELEVENLABS_API_KEY }), say: out }, {
      definition, places, callLimitSeconds: env.CALL_LIMIT_SECONDS, dryRun, adopt: options.adopt,
    });
    const missing = places.filter(({ variable, agentId }) => made[variable] !== undefined && made[variable] !== agentId);
    if (missing.length > 0) out(['Put into .env:', ...missing.map(({ variable }) => `${variable}=${made[variable]}`)].join('\n'));
    if (dryRun) out('Dry run: nothing was written.');
    return 0;
  } catch (error) {
    const problems = explained(error);
    if (!problems) throw error;
    out([...(error instanceof DefinitionError ? [`${file} cannot be used:`] : []), ...problems.map((problem) => (problems.length > 1 || error instanceof DefinitionError ? `  ${problem}` : problem))].join('\n'));
    return 1;
  }
};

if (import.meta.main) {
  if (existsSync(join(root, '.env'))) loadEnvFile(join(root, '.env'));
  process.exitCode = await agentPush(process.argv.slice(2), process.env, (text) => void process.stdout.write(`${text}\n`));
}
