// Called by bin/app.ts first of all: what may be chosen about a deployment, read from the CDK context, checked, with its default.
// `-c name=value` wins over `stages.<stage>.name` in cdk.json, and that over the default.
import * as z from 'zod';

const whole = (least: number, most: number) => {
  const says = `must be a whole number from ${least} to ${most}`;
  return z.union([z.number(), z.string().regex(/^\d+$/, says).transform(Number)], says).refine((n) => Number.isInteger(n) && n >= least && n <= most, says);
};
const yesNo = () => z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')], 'must be true or false');
const oneOf = <const T extends readonly [string, ...string[]]>(words: T) => z.enum(words, `must be ${words.slice(0, -1).join(', ')} or ${words.at(-1)}`);
const domain = () => z.string().regex(/^(?=.{4,253}$)([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/, 'must be a host name such as calls.example.com');
const certificate = (where: string) => z.string().regex(/^arn:aws[\w-]*:acm:[a-z0-9-]+:\d{12}:certificate\/[\w-]+$/, `must be the ARN of an ACM certificate in ${where}`);
const retention = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731];

/** What a business may set in the clear; the same names as in `.env`. Everything else of `.env` goes where the secrets go. */
export const settingNames = [
  'TELEPHONY_PROVIDER', 'TWILIO_PHONE_NUMBER', 'TWILIO_CALL_FLOW_URL', 'TWILIO_WEBHOOK_URL', 'TWILIO_RECORD_CALLS', 'TWILIO_API_BASE_URL',
  'EXOTEL_EXOPHONE_NUMBER', 'EXOTEL_CALL_FLOW_URL', 'EXOTEL_FLOW_ID', 'EXOTEL_API_BASE_URL', 'EXOTEL_CONNECT_NUMBERS', 'EXOTEL_DND_CHECK', 'EXOTEL_SAMPLE_RATE',
  'TRANSFER_NUMBERS', 'ELEVENLABS_AGENT_ID', 'ELEVENLABS_AGENT_ID_EXOTEL', 'ELEVENLABS_API_BASE_URL',
  'DEFAULT_COUNTRY_CODE', 'CALLS_PER_SECOND', 'OUTBOX_URL', 'STREAM_TICKET_TTL_SECONDS', 'RECONCILE_AFTER_SECONDS', 'CALL_LIMIT_SECONDS', 'RING_SECONDS',
  'GREETING_MESSAGE', 'GREETING_MUSIC_ENABLED', 'GREETING_MUSIC_URL', 'CLONE_MAX_WAIT_SECONDS', 'CACHE_TTL', 'AGENT_OPENS', 'AGENT_CHUNK_MS', 'RESUME_MESSAGE', 'NOBODY_FREE_MESSAGE',
  'RETENTION_DAYS', 'TURNSTILE_SITE_KEY', 'TURNSTILE_VERIFY_URL',
] as const;
export type SettingName = (typeof settingNames)[number];

const settings = z.partialRecord(z.enum(settingNames), z.coerce.string());
/** Fargate's sizes for a quarter, a half and one vCPU: CPU units and the MiB that each may have. */
const sizes: Record<number, number[]> = { 256: [512, 1024, 2048], 512: [1024, 2048, 3072, 4096], 1024: [2048, 3072, 4096, 5120, 6144, 7168, 8192] };

const schema = z.strictObject({
  stage: z.string().regex(/^[a-z][a-z0-9-]{0,19}$/, 'must be 1 to 20 lower-case letters, digits and hyphens, a letter first').refine((s) => s !== 'local', 'local is the name of the stack on one machine; choose another').default('dev'),
  mediaIngress: oneOf(['apigateway', 'cloudfront']).default('apigateway'),
  /** public: tasks have public addresses and no inbound rule for them; nat: private subnets behind one NAT gateway (about 33 USD a month). */
  network: oneOf(['public', 'nat']).default('public'),
  relayTasks: whole(1, 20).default(2),
  relayMaxTasks: whole(1, 100).default(10),
  /** Fargate CPU units; 1024 is one vCPU. */
  relayCpu: whole(256, 1024).default(256),
  relayMemoryMiB: whole(512, 8192).default(512),
  /** Calls at which one task says that it is full. */
  relayCapacity: whole(1, 1000).default(20),
  /** Calls per task that autoscaling steers for, on average. */
  relayTargetCalls: whole(1, 1000).default(10),
  /** A web ACL with rate rules before the site and its API (about 7 USD a month); its stack stands in us-east-1. */
  waf: yesNo().default(false),
  /** X-Ray segments of the functions between an enquiry and a ringing phone. */
  tracing: yesNo().default(false),
  alarmEmail: z.email('must be an e-mail address').optional(),
  /** More dial attempts in an hour than this is an alarm: it costs money. */
  dialsPerHourAlarm: whole(1, 1_000_000).default(200),
  logRetentionDays: whole(1, 731).refine((days) => retention.includes(days), `must be one of ${retention.join(', ')}`).default(30),
  /** Recordings are deleted after so many days. */
  recordingDays: whole(1, 3650).default(90),
  /** CloudFront's own prefix list in the region: with it, the internal load balancer admits CloudFront alone. */
  cloudFrontPrefixListId: z.string().regex(/^pl-[0-9a-f]{8,17}$/, 'must be a prefix list id such as pl-0123456789abcdef0').optional(),
  apiDomain: domain().optional(),
  apiCertificateArn: certificate('the region of the deployment').optional(),
  siteDomain: domain().optional(),
  siteCertificateArn: certificate('us-east-1').optional(),
  /** A JSON file with the policy of permission to dial (docs/policy.md). It goes into the bundles. */
  policyFile: z.string().min(1).optional(),
  businessName: z.string().min(1).max(80).optional(),
  callingHours: z.string().min(1).max(80).optional(),
  logLevel: oneOf(['debug', 'info', 'warn', 'error']).default('info'),
  settings: settings.default({}),
}).superRefine((config, check) => {
  const problem = (path: string, message: string): void => check.addIssue({ code: 'custom', path: [path], message });
  if (!sizes[config.relayCpu]) problem('relayCpu', `must be one of ${Object.keys(sizes).join(', ')}`);
  else if (!sizes[config.relayCpu]!.includes(config.relayMemoryMiB)) problem('relayMemoryMiB', `must be one of ${sizes[config.relayCpu]!.join(', ')} with relayCpu ${config.relayCpu}`);
  if (config.relayMaxTasks < config.relayTasks) problem('relayMaxTasks', 'must not be below relayTasks');
  if (config.relayTargetCalls > config.relayCapacity) problem('relayTargetCalls', 'must not be above relayCapacity: tasks would be full before another is started');
  if (!config.apiDomain !== !config.apiCertificateArn) problem('apiDomain', 'and apiCertificateArn go together; give both or neither');
  if (!config.siteDomain !== !config.siteCertificateArn) problem('siteDomain', 'and siteCertificateArn go together; give both or neither');
});

export type Config = z.output<typeof schema>;
export const configNames = Object.keys(schema.shape);

/** The deployment cannot be described so; `problems` names every choice that is wrong. */
export class ConfigError extends Error {
  readonly problems: string[];

  constructor(problems: string[]) {
    super(`The deployment's context cannot be used:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
/** Context that belongs to the CDK itself: feature flags, lookups, switches of the command. */
const foreign = (name: string): boolean => /^@|:/.test(name) || name === 'stages' || name === 'cli-telemetry';

/** Reads the whole CDK context (`app.node.getAllContext()`). Throws ConfigError with all problems at once. */
export const readConfig = (context: Record<string, unknown>): Config => {
  const stages = context['stages'] ?? {};
  if (!isRecord(stages)) throw new ConfigError(['stages: must be an object with one entry a stage']);
  const stage = context['stage'] ?? 'dev';
  const ofStage = typeof stage === 'string' ? (stages[stage] ?? {}) : {};
  if (!isRecord(ofStage)) throw new ConfigError([`stages.${typeof stage === 'string' ? stage : '?'}: must be an object`]);
  const own = Object.fromEntries(Object.entries(context).filter(([name]) => !foreign(name)));
  const read = schema.safeParse({ ...ofStage, ...own });
  if (read.success) return read.data;
  throw new ConfigError(read.error.issues.map((issue) => issue.code === 'unrecognized_keys'
    ? `${[...issue.path, issue.keys.join(', ')].join('.')}: is not known; the names are ${(issue.path[0] === 'settings' ? settingNames : configNames).join(', ')}`
    : `${issue.path.join('.')}: ${issue.message}`));
};
