// The relay's process: the container in AWS, a part of the local stack on one machine. Ends in order on SIGTERM, SIGINT, or when its parent is gone.
import { readEnv } from '#house/env.ts';
import { stdoutLog } from '#house/log.ts';
import { withSecrets } from '#house/secrets.ts';
import { relayDeps } from './compose.ts';
import { countsOf, emfLine, EMF_EVERY_MS } from './emf.ts';
import { relayIdentity } from './relay-address.ts';
import { startRelay } from './server.ts';
import { PROTECTION_LOOK_MS, taskProtection } from './task-protection.ts';

const env = readEnv(await withSecrets(process.env));
const log = stdoutLog(env.LOG_LEVEL, { function: 'relay', stage: env.STAGE });

// One call's misfortune is not another's: what nobody handled is told, and the calls go on.
process.on('uncaughtException', (error) => log.error('nobody handled an error', { error }));
process.on('unhandledRejection', (error) => log.error('nobody handled a rejection', { error }));
// Whoever read our lines may be gone (the parent, killed). Unhandled, that would be an error which is told in a line, and so on for ever.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

/** A container's port is nobody else's. On one machine it is better to be told that it is taken. */
const ACCEPTORS = 16;
/** Without its parent the relay has no database either: there is nothing to write down, and the next start wants its port. */
const ORPHAN_MS = 1500;

const start = async (): Promise<void> => {
  const deps = relayDeps(env, log, await relayIdentity(process.env, env.RELAY_PORT));
  const relay = await startRelay(deps, env.STAGE === 'local' ? { port: env.RELAY_PORT, host: '127.0.0.1' } : { port: env.RELAY_PORT, host: '0.0.0.0', acceptors: ACCEPTORS });
  const stop = (why: string): void => {
    log.info('the relay stops', { why });
    relay.stop().then(() => process.exit(0), (error: unknown) => {
      log.error('the relay did not stop cleanly', { error });
      process.exit(1);
    });
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  // A parent that dies without a word takes its children with it.
  if (process.connected) {
    process.on('disconnect', () => {
      setTimeout(() => process.exit(1), ORPHAN_MS);
      stop('parent gone');
    });
  }
  log.info('the relay listens', { port: relay.port });
  if (env.STAGE !== 'local') {
    const counts = countsOf(deps.metrics, () => relay.active());
    setInterval(() => process.stdout.write(`${emfLine(env.STAGE, Date.now(), counts())}\n`), EMF_EVERY_MS).unref();
  }
  const agentUri = process.env['ECS_AGENT_URI'];
  if (agentUri && env.MEDIA_INGRESS === 'apigateway') {
    const protection = taskProtection({ agentUri, active: () => relay.active(), ms: () => performance.now(), log });
    setInterval(() => void protection.look(), PROTECTION_LOOK_MS).unref();
  }
  process.send?.({ ready: { port: relay.port } });
};

start().catch((error: unknown) => {
  log.error('the relay cannot start', { error });
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
