// Where other relay tasks find this one, and what it runs. Asked once by main.ts, when calls come through API Gateway.
import * as z from 'zod';

/** "Amazon ECS task metadata endpoint version 4", `/task`: awsvpc tasks have one network with one address. */
const taskSchema = z.object({
  Family: z.string().default('task'), Revision: z.string().default('0'),
  Containers: z.array(z.object({ Networks: z.array(z.object({ IPv4Addresses: z.array(z.string()).default([]) })).default([]) })),
});
const METADATA_MS = 3000;

export interface RelayIdentity {
  /** `host:port`; undefined on one machine, where it is the port that was listened on. */
  address: string | undefined;
  /** Of the task definition; tasks of one deployment have the same. */
  revision: string;
}

/** From RELAY_ADDRESS and RELAY_REVISION, or from ECS. Throws when ECS does not say. */
export const relayIdentity = async (source: Record<string, string | undefined>, port: number): Promise<RelayIdentity> => {
  const metadata = source['ECS_CONTAINER_METADATA_URI_V4'];
  if (source['RELAY_ADDRESS'] || !metadata) return { address: source['RELAY_ADDRESS'], revision: source['RELAY_REVISION'] ?? 'local' };
  const answer = await fetch(`${metadata}/task`, { signal: AbortSignal.timeout(METADATA_MS) });
  if (!answer.ok) throw new Error(`ECS did not say this task's address: ${answer.status}`);
  const task = taskSchema.parse(await answer.json());
  const address = task.Containers.flatMap(({ Networks }) => Networks).flatMap(({ IPv4Addresses }) => IPv4Addresses)[0];
  if (!address) throw new Error('ECS names no address of this task');
  return { address: `${address}:${port}`, revision: source['RELAY_REVISION'] ?? `${task.Family}:${task.Revision}` };
};
