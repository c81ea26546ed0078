// One carrier connection through API Gateway, at the task that owns it: frames put back in order on their way in, posts on their way out.
// Made by ownership.ts; to admission.ts it is a transport like any other.
import type { StreamCodec } from '#carriers/stream.ts';
import type { Log } from '#house/log.ts';
import type { CarriedStream, ConnectionPosts } from './gateway-ports.ts';
import { sequenceOf } from './gateway-sequence.ts';
import { gatewayWriter } from './gateway-writer.ts';
import type { Metrics } from './metrics.ts';
import type { RelayOptions } from './options.ts';
import type { StreamInput, Transport } from './ports.ts';
import { reorder } from './reorder.ts';


export interface GatewayConnection {
  /** `event`: the route that API Gateway chose. */
  frame(event: string, body: Buffer): void;
  /** Whether frames were missing, or none came at all, since this was asked last: somebody else may be getting them. */
  missesFrames(): boolean;
  /** Whether the caller hears somebody at this moment. */
  speaking(): boolean;
  /** Ends everything here but the carrier's socket, with which another task goes on. `false`: the call is ending, and ends here. */
  handOver(): Promise<boolean>;
  /** Forgets everything without telling the carrier: the process ends. */
  stop(): void;
}

export interface ConnectionDeps {
  posts: ConnectionPosts;
  /** In the order in which they are asked whether a start frame is theirs. */
  codecs: readonly StreamCodec[];
  admit: (transport: Transport, codec: StreamCodec) => StreamInput;
  /** Goes on with a stream that another task carried. */
  resume: (transport: Transport, codec: StreamCodec, stream: CarriedStream, takeovers: number) => StreamInput;
  options: RelayOptions;
  metrics: Metrics;
  /** Connections that API Gateway has opened to us so far. */
  accepted: () => number;
  ms: () => number;
  log: Log;
}

/** A number so far ahead would be 200 s of Twilio's frames. */
const MOST_AHEAD = 10_000;
/** As long as connections are still being accepted, a gap that is due may wait so much longer for what they bring. */
const READ_ON_MS = 250;
/** The stop that a carrier sends before it closes may be overtaken by the news of the close: nobody waits on the line any more. */
const LAST_FRAMES_MS = 500;
/** What was queued before a close goes out first, as it does on a socket. */
const LAST_POSTS_MS = 1000;

export interface ConnectionHandlers {
  /** It is being closed at API Gateway: a process waits for this before it ends. Does not reject. */
  closing(work: Promise<void>): void;
  /** It has its bridge. */
  carries(stream: CarriedStream): void;
  /** It is over. Once. */
  gone(): void;
}

/** `taken`: what another task carried; then no start frame is waited for. */
export const gatewayConnection = (
  id: string, { posts, codecs, admit, resume, options, metrics, accepted, ms, log }: ConnectionDeps, on: ConnectionHandlers, taken?: { stream: CarriedStream; takeovers: number },
): GatewayConnection => {
  let input: StreamInput | undefined;
  /** The start frame has no number: nothing to order by. */
  let unnumbered = false;
  let closing = false;
  let over = false;
  let looking: NodeJS.Timeout | undefined;
  /** Another task has the carrier's socket: it is not closed from here. */
  let givenAway = false;
  let framesMissing = 0;
  let framesSeen = 0;
  /** A stream that was taken over begins with whichever frame comes first, once those that overtook each other are there. */
  let beginsWithNext = false;

  const order = reorder<Buffer>({ holdMs: options.holdMs, mostWaiting: options.mostFramesHeld, mostAhead: MOST_AHEAD }, {
    out: (body) => input?.frame(body),
    gap: (missing) => {
      framesMissing += missing;
      metrics.count('sequence_gaps', missing);
    },
    dropped: () => metrics.count('frames_dropped'),
  });
  const finish = (code: number): void => {
    if (over) return;
    over = true;
    clearTimeout(looking);
    clearTimeout(noStart);
    clearTimeout(settling);
    writer.stop();
    on.gone();
    input?.closed(code);
  };
  const dropped = async (): Promise<void> => {
    try {
      await posts.drop(id);
    } catch (error) {
      log.warn('a connection could not be closed at API Gateway', { error });
    }
  };
  const writer = gatewayWriter({
    connectionId: id, posts, options, metrics, ms,
    lost: (why) => {
      // Somebody who hangs up while the agent speaks: the news of it comes by our own post, before the carrier's last words.
      if (why === 'gone' && !closing) return disconnected();
      if (why === 'unreachable') on.closing(dropped());
      finish(1006);
    },
  });
  const close = (code: number): void => {
    if (over || closing) return;
    closing = true;
    if (givenAway) return finish(code);
    const lastWords = async (): Promise<void> => {
      await writer.end(LAST_POSTS_MS);
      await dropped();
      finish(code);
    };
    // Until it is through, what the carrier still says reaches its stream, as on a socket.
    on.closing(lastWords());
  };
  const transport: Transport = {
    send: (text) => writer.send(text),
    sendParts: (before, text, after) => writer.send(Buffer.concat([before, text, after])),
    joins: (write, bytesPerMs) => writer.joins(write, bytesPerMs),
    // API Gateway lets us choose neither code nor reason.
    close: (code) => close(code),
    carries: (stream) => on.carries(stream),
    waitingBytes: () => writer.waitingBytes(),
  };
  const noStart = taken ? undefined : setTimeout(() => {
    metrics.countBy('streams_refused', 'no-ticket-in-time');
    close(1008);
  }, options.ticketMs);

  let readingOn = false;
  /**
   * A timer that is late says that we were, not the frame: what has arrived meanwhile is read before a gap is given up. A turn of the event loop reads
   * every connection, but accepts only a few (house/acceptors.ts): as long as it does, a frame may wait on one that was not. `until`: then it is given up.
   */
  const readOn = (before: number, until: number): void => {
    readingOn = true;
    setImmediate(() => {
      readingOn = false;
      if (over || leaving) return;
      const now = ms();
      if (accepted() !== before && now < until) return readOn(accepted(), until);
      order.look(now);
      look();
    });
  };
  const look = (): void => {
    if (leaving || readingOn) return;
    clearTimeout(looking);
    const due = order.due();
    if (due === undefined) return;
    looking = setTimeout(() => readOn(accepted(), ms() + READ_ON_MS), Math.max(0, due - ms()));
  };
  const begin = (body: Buffer): void => {
    const codec = codecs.find((candidate) => candidate.read(body).event === 'start');
    if (input || !codec) {
      metrics.count('frames_dropped');
      return;
    }
    clearTimeout(noStart);
    input = admit(transport, codec);
    const sequence = sequenceOf(body);
    unnumbered = sequence === undefined;
    if (sequence === undefined) return input.frame(body);
    // The start goes first, whatever waits: it has the lowest number there is.
    order.begin(sequence, ms());
    order.put(sequence, body, ms());
  };
  let leaving = false;
  /** The carrier's socket is closed. Its last frames may still be on their way. */
  const disconnected = (): void => {
    if (leaving) return;
    leaving = true;
    clearTimeout(looking);
    looking = setTimeout(() => {
      order.flush();
      finish(1006);
    }, Math.max(options.holdMs, LAST_FRAMES_MS));
  };
  let settling: NodeJS.Timeout | undefined;
  if (taken) {
    const codec = codecs.find(({ carrier }) => carrier === taken.stream.carrier);
    // Its frames come while it is read up on, and are kept in order by what it becomes.
    if (codec) input = resume(transport, codec, taken.stream, taken.takeovers);
    settling = setTimeout(() => {
      const lowest = order.lowest();
      if (lowest === undefined) beginsWithNext = true;
      else order.begin(lowest, ms());
      look();
    }, options.holdMs);
  }

  return {
    frame: (event, body) => {
      if (over || event === '$connect') return;
      if (event === '$disconnect') {
        return disconnected();
      }
      framesSeen++;
      if (event === 'start') begin(body);
      else if (unnumbered) input!.frame(body);
      else {
        const sequence = sequenceOf(body);
        if (sequence !== undefined && beginsWithNext) {
          beginsWithNext = false;
          order.begin(sequence, ms());
        }
        if (sequence !== undefined) order.put(sequence, body, ms());
        // Without a number it has no place in the order (Twilio's `connected`): it says nothing that a stream needs before its start.
        else if (input) input.frame(body);
      }
      look();
    },
    missesFrames: () => {
      const misses = framesMissing > 0 || framesSeen === 0;
      framesMissing = framesSeen = 0;
      return misses;
    },
    speaking: () => input?.speaking() ?? false,
    handOver: async () => {
      if (over) return false;
      const written = input?.handOver();
      if (!written) return false;
      givenAway = true;
      await written;
      finish(1012);
      return true;
    },
    stop: () => {
      if (!closing) finish(1006);
    },
  };
};
