// One way into the relay for `npm run soak`: a fleet, an agent, and callers who play every sort of call on it, a round at a time. Used by bench/soak.ts.
import { sealTicket } from '#calls/ticket.ts';
import { fakeAgent } from '#doubles/fake-agent.ts';
import { fakeExotelStream } from '#doubles/fake-exotel-stream.ts';
import { fakeStream, type FakeStream } from '#doubles/fake-twilio-stream.ts';
import { join } from 'node:path';
import { conversationsOf, sorts, type SortWorld } from '../../test/relay/sorts.ts';
import { startFleet, ticketSecret, type RelayProcess } from '../../test/whole/fleet.ts';
import { until } from '../../test/whole/until.ts';
import type { Sample } from './relay.ts';

export interface Ground {
  readonly name: string;
  /** Plays that many calls; resolves when all are over and the relays that stay are quiet. Returns what did not end. */
  round(calls: number): Promise<string[]>;
  /** How the relay that stays is doing. */
  sample(): Promise<Sample & { toAgent: number; toDatabase: number; fromOutside: number }>;
  /** Its log at level error, and what it counts as lost. */
  complaints(): Promise<string[]>;
  stop(): Promise<(number | NodeJS.Signals)[]>;
}

/** No sort of call lasts longer, whatever becomes of its relay. */
const CALL_MS = 60_000;
const QUIET_MS = 20_000;
const names = Object.keys(sorts);
/** V8 lets go of compiled code that was not used for a while: megabytes, under which a leak would not be seen. */
const nodeArgs = ['--expose-gc', '--no-flush-bytecode'];
const entry = join(import.meta.dirname, 'relay.ts');

/** Twilio tries a handshake that was refused once more, and whether Exotel does is unknown: the relay that was reached may just have been killed. */
const onceMore = <T>(connect: () => Promise<T>): Promise<T> => connect().catch(connect);

/** `replaced`: beside the relay that stays there is another, which is killed or replaced in every round; then calls come through the gateway. */
export const startGround = async (name: string, { replaced, atOnce }: { replaced: boolean; atOnce: number }): Promise<Ground> => {
  const agent = await fakeAgent();
  const fleet = await startFleet({ relays: replaced ? 2 : 1, agentUrl: agent.baseUrl, entry, nodeArgs, env: { LOG_LEVEL: 'error', ...(replaced ? {} : { MEDIA_INGRESS: 'direct' }) } });
  const stays = fleet.relays[0]!;
  const entrance = Number(new URL(replaced ? fleet.url : stays.base).port);
  const streams = new Set<FakeStream>();
  const world: SortWorld = {
    agent, conversation: conversationsOf(agent),
    connect: async () => {
      const path = replaced ? '/local' : '/twilio';
      const stream = await onceMore(() => fakeStream(entrance, path));
      streams.add(stream);
      void stream.closed.then(() => streams.delete(stream));
      return stream;
    },
    connectExotel: () => onceMore(() => fakeExotelStream(entrance, replaced ? '/local' : '/exotel')),
    place: async (carrier = 'twilio') => {
      const { callId, callSid, ticket } = await fleet.seed(carrier);
      return { callSid, accountSid: 'AC1', ticket, next: sealTicket(ticketSecret, { callId, callSid, epoch: 1, expires: Math.floor(Date.now() / 1000) + 600 }) };
    },
  };
  let played = 0;
  let rounds = 0;
  const play = async (): Promise<string | undefined> => {
    const sort = names[played++ % names.length]!;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => { timer = setTimeout(() => resolve(`"${sort}" was still under way after ${CALL_MS / 1000} s`), CALL_MS); });
    const failed = (error: unknown): string => `"${sort}": ${error instanceof Error ? error.message : String(error)}`;
    return Promise.race([sorts[sort]!(world).then(() => undefined, failed), late]).finally(() => clearTimeout(timer));
  };
  const replace = async (old: RelayProcess): Promise<void> => {
    if (rounds % 2 === 0) {
      old.signal('SIGKILL');
      await old.exit;
      await fleet.deregister(old);
      await fleet.add();
      return;
    }
    await fleet.add();
    await fleet.deregister(old);
    old.signal('SIGTERM');
    await old.exit;
  };
  const numbersOf = async (relay: RelayProcess): Promise<number> => {
    const { active_calls: active = 0, pending_streams: pending = 0 } = await relay.counts();
    return active + pending;
  };
  const openOf = async (): Promise<Sample & { toAgent: number; toDatabase: number; fromOutside: number }> => {
    const sample = await stays.ask<Sample>('sample');
    const to = (address: string): number => sample.connections.filter(({ remotePort }) => remotePort === Number(new URL(address).port)).length;
    return { ...sample, toAgent: to(agent.baseUrl), toDatabase: to(fleet.endpoint), fromOutside: sample.connections.filter(({ localPort }) => localPort === Number(new URL(stays.base).port)).length };
  };

  return {
    name,
    round: async (calls) => {
      const faults: string[] = [];
      let left = calls;
      const worker = async (): Promise<void> => {
        while (left-- > 0) {
          const fault = await play();
          if (fault) faults.push(fault);
        }
      };
      const all = Promise.all(Array.from({ length: atOnce }, worker));
      if (replaced) {
        await until('half of the round is played', () => left <= calls / 2, 10 * CALL_MS);
        await replace(fleet.relays[1]!);
        rounds++;
      }
      await all;
      for (const stream of streams) stream.cut();
      await until('the relays are quiet', async () => (await Promise.all(fleet.relays.map(numbersOf))).every((busy) => busy === 0), QUIET_MS).catch((error: Error) => faults.push(error.message));
      return faults;
    },
    sample: openOf,
    complaints: async () => {
      const { records_lost: lost = 0 } = await stays.counts();
      return [...stays.output().trim().split('\n').filter((line) => line !== '').slice(-20), ...(lost > 0 ? [`${lost} records were lost`] : [])];
    },
    stop: async () => {
      const ends = await fleet.stop();
      await agent.stop();
      return ends;
    },
  };
};
