// Who may talk at our expense: takes a carrier's connection from its first frame to its bridge, or closes it. Made by server.ts for each stream.
import { isTerminal, type CallRecord } from '#calls/call.ts';
import { openTicket, ticketId, type Ticket } from '#calls/ticket.ts';
import type { CarrierName } from '#calls/lead.ts';
import type { SuppressionStore, TicketRegister } from '#calls/ports.ts';
import type { StreamCodec, StreamEvent, StreamStart } from '#carriers/stream.ts';
import type { Bridge } from './bridge.ts';
import { carrierLeg } from './carrier-leg.ts';
import { join, voiceFor, within, type Bridges, type JoinDeps } from './join.ts';
import type { StreamInput, Transport } from './ports.ts';
import { bridgeEpoch } from './takeover.ts';

export interface AdmissionDeps extends JoinDeps {
  /** Asked where the carrier could not hang up a phone that rang when its number was suppressed; absent: not asked. */
  suppressions?: Pick<SuppressionStore, 'suppression'>;
  tickets: TicketRegister;
  ticketSecret: string;
  /** Streams of other accounts are refused; a carrier without one here is not checked. */
  accounts: Partial<Record<CarrierName, string>>;
}

/** A class: each frame from the caller passes here. */
class PlainInput implements Pick<StreamInput, 'plain'> {
  readonly #codec: StreamCodec;
  readonly #take: (event: StreamEvent) => void;
  /** Once there is a bridge. */
  caller: Bridge['caller'] | undefined = undefined;

  constructor(codec: StreamCodec, take: (event: StreamEvent) => void) {
    this.#codec = codec;
    this.#take = take;
  }

  plain(bytes: Buffer, from: number, to: number): boolean {
    const event = this.#codec.readPlain?.(bytes, from, to);
    if (!event) return false;
    if (this.caller && event.event === 'media') this.caller.frame(event.payload, event.chunk);
    else this.#take(event);
    return true;
  }
}

type State = 'new' | 'checking' | 'bridged' | 'closed';
/** `shown`: a ticket that stood in the address of the handshake. The start frame's counts first, where a carrier hands parameters over there. */
export const admission = (transport: Transport, codec: StreamCodec, deps: AdmissionDeps, bridges: Bridges, shown?: string): StreamInput => {
  const { options, metrics, log, clock } = deps;
  let state: State = 'new';
  let frames = 0;
  let early: StreamEvent[] = [];
  let joined: Bridge | undefined;

  const settle = (next: State): void => {
    if (state === 'new' || state === 'checking') bridges.settled();
    state = next;
    input.caller = undefined;
    clearTimeout(timer);
    early = [];
  };
  const close = (code: number, reason: string): void => {
    settle('closed');
    metrics.countBy('streams_closed', reason);
    transport.close(code, reason);
  };
  const refuse = (reason: string, code = 1008): void => {
    if (state === 'closed') return;
    metrics.countBy('streams_refused', reason);
    log.warn('a stream was refused', { reason });
    close(code, reason);
  };
  const timer = setTimeout(() => refuse('no-ticket-in-time'), options.ticketMs);

  /**
   * The call behind a good ticket; undefined when the store does not say. Refuses by itself when it says no. A ticket that names no callSid
   * belongs to the first call that shows it: a second phone that rang for one attempt is let go here.
   */
  const readCall = async (ticket: Ticket, callSid: string): Promise<{ record: CallRecord | undefined } | 'refused'> => {
    let record: CallRecord | undefined | 'too-late';
    try {
      const bound = ticket.callSid === null ? await within(deps.calls.bind(ticket.callId, codec.carrier, callSid)) : 'bound';
      if (bound === 'other') {
        refuse('other-call');
        return 'refused';
      }
      record = await within(deps.calls.call(ticket.callId));
      if (!codec.reopens && typeof record === 'object' && record.direction === 'outbound' && await deps.suppressions?.suppression(record.to)) {
        refuse('number-suppressed');
        return 'refused';
      }
    } catch (error) {
      log.error('a call could not be read; the caller is talked with all the same', { callId: ticket.callId, error });
      record = 'too-late';
    }
    if (record === 'too-late') return { record: undefined };
    const fault = record === undefined ? 'no-such-call'
      : record.callSid !== null && record.callSid !== callSid ? 'other-call'
      : record.endReason !== null || isTerminal(record.status) ? 'call-is-over' : undefined;
    if (fault) {
      refuse(fault);
      return 'refused';
    }
    return { record };
  };
  /** Nothing reaches the agent before the end of this function. */
  const check = async (start: StreamStart, startedMs: number): Promise<void> => {
    const account = deps.accounts[codec.carrier];
    // A carrier that names none has the ticket to show all the same.
    if (account && start.accountSid !== '' && start.accountSid !== account) return refuse('other-account');
    const ticket = openTicket(deps.ticketSecret, start.ticket ?? shown, start.callSid, clock.now());
    if (typeof ticket === 'string') return refuse(`ticket-${ticket}`);
    const closedFor = bridges.closedFor();
    // The ticket is not used up: another task may take the stream.
    if (closedFor) return refuse(closedFor, 1013);
    clearTimeout(timer);
    let first: boolean;
    try {
      first = await deps.tickets.use(ticketId(ticket), new Date(ticket.expires * 1000).toISOString());
    } catch (error) {
      log.error('a ticket could not be used up', { callId: ticket.callId, error });
      return refuse('ticket-register-failed', 1011);
    }
    if (!first) return refuse('ticket-used');
    const read = await readCall(ticket, start.callSid);
    if (read === 'refused') return;
    const voiceId = await voiceFor(deps, read.record);
    if (state === 'closed') return;
    // A carrier may open a second stream while the first still hangs: the newer one has the caller.
    const made = join(deps, bridges, carrierLeg(transport, codec, start), { callId: ticket.callId, epoch: bridgeEpoch(ticket.epoch, 0), startedMs, record: read.record, voiceId });
    if (!made) return refuse('ticket-overtaken');
    joined = made;
    transport.carries?.({ carrier: codec.carrier, streamSid: start.streamSid, callSid: start.callSid, shape: start.shape, callId: ticket.callId, epoch: ticket.epoch });
    const kept = early;
    settle('bridged');
    for (const event of kept) made.carrier(event);
    // Unless that was the end of it.
    if (state === 'bridged') input.caller = made.caller;
  };
  const keep = (event: StreamEvent): void => {
    early.push(event.event === 'media' ? { ...event, payload: Buffer.from(event.payload) } : event);
    if (early.length <= options.mostFramesBeforeAdmission) return;
    early.shift();
    metrics.count('caller_audio_dropped');
  };

  const take = (event: StreamEvent): void => {
    if (state === 'closed') return;
    if (joined) return joined.carrier(event);
    if (state === 'checking') return keep(event);
    if (event.event === 'start') {
      state = 'checking';
      check(event, deps.ms()).catch((error: unknown) => {
        log.error('a stream could not be admitted', { error });
        refuse('admission-failed', 1011);
      });
    } else if (event.event === 'stop') close(1000, 'stopped-before-start');
    else if (++frames > options.mostFramesBeforeStart) refuse('too-much-before-start');
    else if (event.event !== 'connected') metrics.count('events_ignored');
  };
  const input = new PlainInput(codec, take);

  return Object.assign(input, {
    frame: (bytes: Buffer) => {
      if (state === 'closed') return;
      const event = codec.read(bytes);
      if (event.event !== 'fault') return take(event);
      if (!joined) return close(event.closeCode, event.reason);
      settle('closed');
      metrics.countBy('streams_closed', event.reason);
      joined.letGo(`carrier-${event.reason}`, event.closeCode).catch(() => {});
    },
    closed: (code: number) => {
      settle('closed');
      joined?.carrierClosed(code);
    },
    speaking: () => joined?.speaking() ?? false,
    handOver: () => joined?.handOver(),
  });
};
