// Where other relay tasks find this one. Asked once by main.ts, when calls come through API Gateway.
import * as z from 'zod';

/** "Amazon ECS task metadata endpoint version 4", `/task`: awsvpc tasks have one network with one address. */
const taskSchema = z.object({ Containers: z.array(z.object({ Networks: z.array(z.object({ IPv4Addresses: z.array(z.string()).default([]) })).default([]) })) });
const METADATA_MS = 3000;

/** `host:port`, from RELAY_ADDRESS or from ECS; undefined on one machine, where it is the port that was listened on. Throws when ECS does not say. */
export const relayAddress = async (source: Record<string, string | undefined>, port: number): Promise<string | undefined> => {
  if (source['RELAY_ADDRESS']) return source['RELAY_ADDRESS'];
  const metadata = source['ECS_CONTAINER_METADATA_URI_V4'];
  if (!metadata) return undefined;
  const answer = await fetch(`${metadata}/task`, { signal: AbortSignal.timeout(METADATA_MS) });
  if (!answer.ok) throw new Error(`ECS did not say this task's address: ${answer.status}`);
  const task = taskSchema.parse(await answer.json());
  const address = task.Containers.flatMap(({ Networks }) => Networks).flatMap(({ IPv4Addresses }) => IPv4Addresses)[0];
  if (!address) throw new Error('ECS names no address of this task');
  return `${address}:${port}`;
};
