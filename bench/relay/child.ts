// The other half of contenders.ts, inside a contender: says its port, answers with its figures, ends with whoever started it.

export interface Told {
  cpuMs: number;
  rssBytes: number;
  counted: Record<string, number>;
}

export const agentPort = Number(process.env['AGENT_PORT']);

/** `counted`: what else the contender knows about itself. */
export const serve = (port: number, counted: () => Record<string, number> = () => ({})): void => {
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send?.({ told: { cpuMs: (user + system) / 1000, rssBytes: process.memoryUsage.rss(), counted: counted() } satisfies Told });
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.({ ready: { port } });
};
