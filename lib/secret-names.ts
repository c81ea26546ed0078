// Which variables of `.env` go to AWS, and under which path: read by bin/secrets.ts and by the Secrets construct.
import { settingNames } from './config.ts';

/** Functions and the relay read everything under it: functions/house/secrets.ts. */
export const secretsPrefix = (stage: string): string => `/ringback/${stage}`;

export const secretNames = [
  'TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN', 'EXOTEL_ACCOUNT_SID', 'EXOTEL_API_KEY', 'EXOTEL_API_TOKEN', 'EXOTEL_WEBHOOK_SECRET', 'ELEVENLABS_API_KEY', 'ELEVENLABS_WEBHOOK_SECRET',
  'STREAM_TICKET_SECRET', 'OUTBOX_SECRET', 'TURNSTILE_SECRET',
] as const;

/** Secrets, and the business's settings with them, so that `.env` stays the one place to look. The stacks decide all the rest. */
export const uploadedNames: readonly string[] = [...secretNames, ...settingNames];

/** Without these nothing rings. */
export const required = {
  twilio: ['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN', 'TWILIO_PHONE_NUMBER', 'ELEVENLABS_API_KEY', 'ELEVENLABS_AGENT_ID'],
  exotel: ['EXOTEL_ACCOUNT_SID', 'EXOTEL_API_KEY', 'EXOTEL_API_TOKEN', 'EXOTEL_EXOPHONE_NUMBER', 'ELEVENLABS_API_KEY', 'ELEVENLABS_AGENT_ID'],
} as const;

/** Made at random where neither `.env` nor AWS has it: nobody has to know it. */
export const MADE = 'STREAM_TICKET_SECRET';

/** What the stacks decide, what means one machine, and what AWS replaces (ADMIN_TOKEN: the console's users sign in with Cognito). */
export const notUploaded: readonly string[] = [
  'STAGE', 'PORT', 'RELAY_PORT', 'RELAY_TASKS', 'RELAY_CAPACITY', 'PUBLIC_BASE_URL', 'PUBLIC_STREAM_URL', 'WEBHOOK_PUBLIC_BASE', 'RINGBACK_DATA_DIR', 'DYNAMODB_ENDPOINT', 'CALLS_TABLE', 'SESSIONS_TABLE',
  'DIAL_QUEUE_URL', 'DIAL_QUEUE_ARN', 'DIAL_SCHEDULE_GROUP', 'DIAL_SCHEDULE_ROLE_ARN', 'OUTBOX_QUEUE_URL', 'SECRETS_PREFIX', 'MEDIA_INGRESS', 'POLICY_FILE', 'AGENT_FILE', 'ADMIN_TOKEN',
  'SKIP_WEBHOOK_SIGNATURE_VALIDATION', 'LOG_LEVEL', 'ORIGIN_SECRET',
];
