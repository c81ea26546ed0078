// The HTTP_PROXY integration behind the network load balancer: one POST a message, to the relays that answer their health check, in turn. Used by start.ts.
import { Agent, request } from 'node:http';

export interface Integration {
  /** False when no relay took it with a status below 300 in time. */
  post(connectionId: string, route: string, body: Buffer): Promise<boolean>;
  /**
   * Registers these and deregisters the others, as ECS does. One that is new gets messages once it answered its health check; one that is
   * left out gets no more from now on, and is still listened to for those that it has. Resolves when all new ones were asked.
   */
  set(relays: readonly string[]): Promise<void>;
  stop(): void;
}

/** As lib/ sets it for the integration. */
const TIMEOUT_MS = 3000;
/** A network load balancer's least is 10 s; nobody at a desk waits so long. */
const HEALTH_MS = 1000;

export const integration = (first: readonly string[]): Integration => {
  const agent = new Agent({ keepAlive: true, maxSockets: 200 });
  let relays = first;
  const healthy = new Set(relays);
  let turn = 0;
  let stopped = false;

  const ask = (base: string, path: string, method: string, headers: Record<string, string | number>, body: Buffer): Promise<boolean> => new Promise((resolve) => {
    const asked = request(`${base}${path}`, { method, agent, timeout: TIMEOUT_MS, headers: { ...headers, 'content-length': body.length } }, (response) => {
      response.resume().on('end', () => resolve((response.statusCode ?? 500) < 300)).on('error', () => resolve(false));
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(false));
    asked.end(body);
  });
  const look = async (): Promise<void> => {
    await Promise.all(relays.map(async (base) => {
      if (await ask(base, '/health', 'GET', {}, Buffer.alloc(0)) && relays.includes(base)) healthy.add(base);
      else healthy.delete(base);
    }));
  };
  const looking = setInterval(() => void look(), HEALTH_MS);

  return {
    post: async (connectionId, route, body) => {
      if (stopped) return false;
      // With none healthy a load balancer tries them all the same.
      const targets = healthy.size > 0 ? relays.filter((base) => healthy.has(base)) : relays;
      const base = targets[turn++ % targets.length]!;
      const taken = await ask(base, '/apigw/frame', 'POST', { 'content-type': 'application/json', 'x-ws-connection-id': connectionId, 'x-ws-event': route }, body);
      if (!taken) healthy.delete(base);
      return taken || stopped;
    },
    set: async (wanted) => {
      relays = [...wanted];
      for (const base of healthy) if (!relays.includes(base)) healthy.delete(base);
      await look();
    },
    stop: () => {
      stopped = true;
      clearInterval(looking);
      agent.destroy();
    },
  };
};
