// Asks ECS not to end this task while it carries calls. Run by main.ts where the ingress is API Gateway; elsewhere a protected task would go on
// taking new calls from its load balancer.
import type { Log } from '#house/log.ts';

/** Protection ends by itself after this long, so that a relay that hangs does not live for ever. */
const EXPIRES_MINUTES = 15;
const RENEW_MS = 30_000;
/** How often `look` is to be run. */
export const PROTECTION_LOOK_MS = 1_000;

export interface ProtectionDeps {
  /** ECS_AGENT_URI, which ECS gives to each task. */
  agentUri: string;
  /** Live calls of this task. */
  active: () => number;
  /** Monotonic milliseconds. */
  ms: () => number;
  log: Log;
}

/**
 * `look` compares the calls with what ECS was last told: the first call protects the task, the last one frees it, and in between the protection is
 * renewed. Never rejects: an agent that does not answer is told of and asked again at the next look.
 */
export const taskProtection = ({ agentUri, active, ms, log }: ProtectionDeps): { look: () => Promise<void> } => {
  let toldAt: number | undefined;
  let asking = false;
  return {
    look: async () => {
      const wanted = active() > 0;
      const due = wanted ? toldAt === undefined || ms() - toldAt >= RENEW_MS : toldAt !== undefined;
      if (!due || asking) return;
      asking = true;
      try {
        const answer = await fetch(`${agentUri}/task-protection/v1/state`, {
          method: 'PUT', headers: { 'content-type': 'application/json' }, signal: AbortSignal.timeout(5_000),
          body: JSON.stringify(wanted ? { ProtectionEnabled: true, ExpiresInMinutes: EXPIRES_MINUTES } : { ProtectionEnabled: false }),
        });
        if (!answer.ok) throw new Error(`the ECS agent answered ${answer.status}`);
        toldAt = wanted ? ms() : undefined;
      } catch (error) {
        log.error('task protection could not be changed', { wanted, error });
      } finally {
        asking = false;
      }
    },
  };
};
