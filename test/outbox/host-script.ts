// Started by killed.test.ts as a process of its own: the outbox of one machine, over the database and the endpoint that its environment names.
import { baseOf } from '#compose/base.ts';
import { readEnv } from '#house/env.ts';
import { silentLog } from '#house/log.ts';
import { hostOutbox } from '../../bin/local-outbox.ts';

const env = readEnv(process.env);
const outbox = hostOutbox(baseOf(env, silentLog), { env, destination: { OUTBOX_URL: env.OUTBOX_URL!, OUTBOX_SECRET: env.OUTBOX_SECRET! }, directory: env.RINGBACK_DATA_DIR });
await outbox.begin();
process.stdout.write('ready\n');
