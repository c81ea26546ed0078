// The environment, read once at each composition root: every variable that Ringback knows, checked, with its default.
import * as z from 'zod';
import { carrierNames, type CarrierName } from '#calls/lead.ts';

/** Variables of the two former systems that mean nothing any more, and what took their place. Named at start. */
export const retired: Record<string, string> = {
  TCX_API_URL: 'TWILIO_* or EXOTEL_* (the voice service no longer speaks to 3CX)',
  TCX_API_KEY: 'TWILIO_AUTH_TOKEN',
  THREECX_API_URL: 'TWILIO_* or EXOTEL_* (the voice service no longer speaks to 3CX)',
  THREECX_API_KEY: 'TWILIO_AUTH_TOKEN',
  '3CX_API_URL': 'TWILIO_* or EXOTEL_* (the voice service no longer speaks to 3CX)',
  '3CX_API_KEY': 'TWILIO_AUTH_TOKEN',
  REDIS_URL: 'DynamoDB (DYNAMODB_ENDPOINT on one machine)',
  DATABASE_URL: 'DynamoDB (DYNAMODB_ENDPOINT on one machine)',
};

const url = (...protocols: string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol),
    `must be an absolute address that begins with ${protocols.map((p) => `${p}//`).join(' or ')}`)
    .transform((text) => text.replace(/\/+$/, ''));
const http = () => url('http:', 'https:');
const whole = (least: number, most: number) =>
  z.string().regex(/^\d+$/, `must be a whole number from ${least} to ${most}`).transform(Number)
    .refine((n) => n >= least && n <= most, `must be a whole number from ${least} to ${most}`);
const yesNo = () => z.enum(['true', 'false', '1', '0', 'yes', 'no'], 'must be true or false').transform((text) => ['true', '1', 'yes'].includes(text));
const listed = (text: string): string[] => text.split(',').map((one) => one.trim());
const e164 = () => z.string().regex(/^\+[1-9]\d{6,14}$/, 'must be an E.164 number such as +12025550123');

const schema = z.object({
  STAGE: z.string().regex(/^[a-z][a-z0-9-]{0,19}$/, 'must be lower-case letters, digits and hyphens').default('local'),
  PORT: whole(0, 65535).default(3000),
  RELAY_PORT: whole(0, 65535).default(3001),
  PUBLIC_BASE_URL: http().optional(),
  WEBHOOK_PUBLIC_BASE: http().optional(),
  PUBLIC_STREAM_URL: url('ws:', 'wss:').optional(),
  RINGBACK_DATA_DIR: z.string().default('.ringback'),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  DYNAMODB_ENDPOINT: http().optional(),
  CALLS_TABLE: z.string().default('ringback-calls'),
  SESSIONS_TABLE: z.string().default('ringback-relay-sessions'),
  DIAL_QUEUE_URL: http().optional(),
  DIAL_QUEUE_ARN: z.string().optional(),
  DIAL_SCHEDULE_GROUP: z.string().optional(),
  DIAL_SCHEDULE_ROLE_ARN: z.string().optional(),
  SECRETS_PREFIX: z.string().optional(),
  TELEPHONY_PROVIDER: z.enum(carrierNames, `must be ${carrierNames.join(' or ')}`).optional(),
  TRANSFER_NUMBERS: z.string().regex(/^\+[1-9]\d{6,14}(\s*,\s*\+[1-9]\d{6,14}){0,9}$/, 'must be one to ten E.164 numbers with commas between them').transform(listed).optional(),
  TWILIO_API_BASE_URL: http().default('https://api.twilio.com'),
  TWILIO_ACCOUNT_SID: z.string().regex(/^AC[0-9a-zA-Z]{8,64}$/, 'must be AC and 32 hex digits, as the Twilio console shows it').optional(),
  TWILIO_AUTH_TOKEN: z.string().min(1).optional(),
  TWILIO_PHONE_NUMBER: e164().optional(),
  TWILIO_CALL_FLOW_URL: http().optional(),
  TWILIO_WEBHOOK_URL: http().optional(),
  TWILIO_RECORD_CALLS: yesNo().default(false),
  EXOTEL_API_BASE_URL: http().default('https://api.in.exotel.com'),
  EXOTEL_ACCOUNT_SID: z.string().min(1).optional(),
  EXOTEL_API_KEY: z.string().min(1).optional(),
  EXOTEL_API_TOKEN: z.string().min(1).optional(),
  EXOTEL_EXOPHONE_NUMBER: z.string().regex(/^\+?\d{6,15}$/, 'must be digits, as Exotel shows the ExoPhone').optional(),
  EXOTEL_CALL_FLOW_URL: http().optional(),
  EXOTEL_FLOW_ID: z.string().optional(),
  EXOTEL_WEBHOOK_SECRET: z.string().optional(),
  EXOTEL_SAMPLE_RATE: z.enum(['8000', '16000', '24000'], 'must be 8000, 16000 or 24000').default('8000').transform(Number),
  EXOTEL_CONNECT_NUMBERS: z.string().regex(/^\+?\d{6,15}(\s*,\s*\+?\d{6,15})*$/, 'must be phone numbers with commas between them').transform(listed).optional(),
  EXOTEL_DND_CHECK: yesNo().default(true),
  ELEVENLABS_API_BASE_URL: http().default('https://api.elevenlabs.io'),
  ELEVENLABS_API_KEY: z.string().min(1).optional(),
  ELEVENLABS_AGENT_ID: z.string().min(1).optional(),
  ELEVENLABS_AGENT_ID_EXOTEL: z.string().min(1).optional(),
  AGENT_OPENS: z.enum(['answer', 'ringing'], 'must be answer or ringing').default('answer'),
  AGENT_FILE: z.string().default('agent.json'),
  ELEVENLABS_WEBHOOK_SECRET: z.string().min(1).optional(),
  DEFAULT_COUNTRY_CODE: z.string().regex(/^\+?[1-9]\d{0,2}$/, 'must be a calling code such as +91').transform((t) => t.replace('+', '')).optional(),
  ADMIN_TOKEN: z.string().regex(/^\S+$/, 'must be one word without spaces').optional(),
  STREAM_TICKET_SECRET: z.string().optional(),
  STREAM_TICKET_TTL_SECONDS: whole(1, 3600).default(120),
  RECONCILE_AFTER_SECONDS: whole(1, 86_400).default(90),
  CALLS_PER_SECOND: z.string().regex(/^\d+(\.\d+)?$/, 'must be a number above 0').transform(Number).refine((n) => n > 0 && n <= 1000, 'must be above 0 and at most 1000').optional(),
  POLICY_FILE: z.string().optional(),
  OUTBOX_URL: http().optional(),
  OUTBOX_SECRET: z.string().optional(),
  OUTBOX_QUEUE_URL: http().optional(),
  ORIGIN_SECRET: z.string().min(16, 'must have at least 16 characters').optional(),
  TURNSTILE_SECRET: z.string().optional(),
  TURNSTILE_SITE_KEY: z.string().optional(),
  TURNSTILE_VERIFY_URL: http().default('https://challenges.cloudflare.com/turnstile/v0/siteverify'),
  RETENTION_DAYS: whole(1, 3650).default(730),
  MEDIA_INGRESS: z.enum(['direct', 'apigateway', 'cloudfront'], 'must be direct, apigateway or cloudfront').default('direct'),
  RELAY_TASKS: whole(1, 16).default(1),
  RELAY_CAPACITY: whole(1, 1000).default(60),
  AGENT_CHUNK_MS: whole(20, 200).default(20),
  RESUME_MESSAGE: z.string().max(300, 'must be at most 300 characters').optional(),
  NOBODY_FREE_MESSAGE: z.string().max(300, 'must be at most 300 characters').optional(),
  CALL_LIMIT_SECONDS: whole(30, 7200).default(900),
  RING_SECONDS: whole(5, 600).default(40),
  GREETING_MESSAGE: z.string().optional(),
  GREETING_MUSIC_ENABLED: yesNo().default(true),
  GREETING_MUSIC_URL: http().optional(),
  CLONE_MAX_WAIT_SECONDS: whole(1, 120).default(30),
  CACHE_TTL: whole(60, 31_536_000).default(2_592_000),
  SKIP_WEBHOOK_SIGNATURE_VALIDATION: yesNo().default(false),
});

export type Env = z.output<typeof schema>;

/** What a carrier's account consists of. */
const accounts: Record<CarrierName, (keyof Env)[]> = {
  twilio: ['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN', 'TWILIO_PHONE_NUMBER'],
  exotel: ['EXOTEL_ACCOUNT_SID', 'EXOTEL_API_KEY', 'EXOTEL_API_TOKEN', 'EXOTEL_EXOPHONE_NUMBER'],
};

/** Carriers whose account is given in full. */
export const configuredCarriers = (env: Env): CarrierName[] => carrierNames.filter((name) => accounts[name].every((variable) => env[variable] !== undefined));

/** The environment could not be used; `problems` names every variable that is wrong, and never shows its value. */
export class EnvError extends Error {
  readonly problems: string[];

  constructor(problems: string[]) {
    super(`The environment cannot be used:\n${problems.map((p) => `  ${p}`).join('\n')}`);
    this.name = 'EnvError';
    this.problems = problems;
  }
}

/** What is good enough at a desk and nowhere else. */
const tooWeak = (env: Env): string[] => [
  ...(env.SKIP_WEBHOOK_SIGNATURE_VALIDATION ? ['SKIP_WEBHOOK_SIGNATURE_VALIDATION: is refused anywhere but on a local machine; remove it'] : []),
  ...(env.ADMIN_TOKEN !== undefined && env.ADMIN_TOKEN.length < 16 ? ['ADMIN_TOKEN: must have at least 16 characters'] : []),
  ...(env.STREAM_TICKET_SECRET !== undefined && env.STREAM_TICKET_SECRET.length < 32 ? ['STREAM_TICKET_SECRET: must have at least 32 characters'] : []),
];

/** Reads the variables. Empty ones count as absent, as `.env.example` leaves them. Throws EnvError with all problems at once. */
export const readEnv = (source: Record<string, string | undefined>): Env => {
  const given = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined && value.trim() !== '').map(([k, v]) => [k, v!.trim()]));
  const read = schema.safeParse(given);
  const problems = read.success ? [] : read.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  if (read.success && read.data.STAGE !== 'local') problems.push(...tooWeak(read.data));
  if (!read.success || problems.length > 0) throw new EnvError(problems);
  return read.data;
};

/** One line for each variable that is set and means nothing any more, naming what replaced it. */
export const retiredIn = (source: Record<string, string | undefined>): string[] =>
  Object.entries(retired).filter(([name]) => source[name]).map(([name, instead]) => `${name} means nothing any more; see ${instead}.`);

/** The address under which carriers reach our HTTP routes; what signatures are checked against. */
export const publicBase = (env: Env): string => env.PUBLIC_BASE_URL ?? env.WEBHOOK_PUBLIC_BASE ?? `http://127.0.0.1:${env.PORT}`;

/** The address of the media socket, as it stands in the answer document. */
export const publicStream = (env: Env): string => env.PUBLIC_STREAM_URL ?? `ws://127.0.0.1:${env.RELAY_PORT}/twilio`;
