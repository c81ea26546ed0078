// Relays behind the API Gateway stand-in, for the tests of this folder: several tasks of one house, a register in memory, real sockets.
import { onTestFinished } from 'vitest';
import type { Turn } from '#calls/call.ts';
import { fakeStream, type FakeStream } from '#doubles/fake-twilio-stream.ts';
import { memoryConnections } from '#doubles/memory-connections.ts';
import { startGatewaySocket, type GatewaySocket, type GatewaySocketOptions } from '#local/gateway-socket/start.ts';
import { steadyMs } from '#house/clock.ts';
import { wire, type Wire } from '#doubles/wire.ts';
import type { ConnectionPosts } from '#relay/gateway-ports.ts';
import { connectionsEndpoint, managementClient } from '#relay/gateway-posts.ts';
import { signedPosts } from '#relay/signed-posts.ts';
import type { RelayOptions } from '#relay/options.ts';
import type { RelayDeps } from '#relay/server.ts';
import { house, type House } from './house.ts';

/** `tasks` relays, each with an agent of its own, behind one stand-in. */
export const gatewayHouse = async (tasks: number, options: Partial<RelayOptions> = {}, socket: Partial<GatewaySocketOptions> = {}, revisions: string[] = [], more: (task: number) => Partial<RelayDeps> = () => ({})) => {
  const turns = new Map<number, Turn>();
  const connections = memoryConnections();
  let real: ConnectionPosts | undefined;
  const posted: Buffer[] = [];
  const refusedDrops = { left: 0 };
  const posts: ConnectionPosts = {
    post: (id, data) => {
      posted.push(Buffer.from(data as Buffer));
      return real!.post(id, data);
    },
    drop: async (id) => {
      if (refusedDrops.left > 0 && refusedDrops.left--) throw new Error('too many requests');
      return real!.drop(id);
    },
    close: () => {},
  };
  const houses: House[] = [];
  const wires: Wire[] = [];
  for (let i = 0; i < tasks; i++) {
    const lead = await wire();
    wires.push(lead);
    houses.push(await house(options, { ...more(i), gateway: { connections: connections.store, posts, revision: revisions[i], address: `127.0.0.1:${lead.port}` } }, turns));
    lead.to(houses[i]!.relay.port);
  }
  const gateway: GatewaySocket = await startGatewaySocket({ port: 0, relays: wires.map(({ port }) => `http://127.0.0.1:${port}`), ...socket });
  const endpoint = connectionsEndpoint(gateway.url);
  const signed = signedPosts(managementClient(endpoint, true), endpoint, { now: () => new Date(), ms: steadyMs });
  real = signed;
  const streams: FakeStream[] = [];
  // Before the houses, which are stopped by their own.
  onTestFinished(async () => {
    for (const stream of streams) stream.cut();
    await Promise.all(houses.map(({ relay }) => relay.stop()));
    await gateway.stop();
    for (const lead of wires) lead.cut();
    signed.close();
  });
  const connect = async (): Promise<FakeStream> => {
    const stream = await fakeStream(gateway.port, '/local');
    streams.push(stream);
    return stream;
  };
  return {
    houses, gateway, connections, posted, connect,
    /** API Gateway fails that many closes from now on. */
    refusedDrops,
    /** Nobody reaches that task any more: neither API Gateway nor its peers. */
    vanish: (house: House) => wires[houses.indexOf(house)]!.cut(),
    /** A call in which the agent has just been reached, and the house whose task owns it. */
    call: async () => {
      const stream = await connect();
      stream.start({ parameters: { ticket: houses[0]!.ticket() } });
      const owner = await Promise.race(houses.map(async (house) => {
        await house.agent.conversations.until((all) => all.length > 0);
        return house;
      }));
      const talk = await owner.agent.conversations.next(() => true);
      await talk.received.next((frame) => frame['type'] === 'conversation_initiation_client_data');
      talk.metadata('ulaw_8000', 'ulaw_8000');
      await owner.events.next((event) => event.kind === 'agent-connected');
      return { stream, talk, owner };
    },
  };
};
