// What goes to a carrier through API Gateway, one post at a time: audio that waits is joined, marks stay where they belong between it, a clear
// overtakes all of it. One for each connection, made by gateway-connection.ts.
import { mediaFrame, type StreamWriter } from '#carriers/stream.ts';
import type { ConnectionPosts } from './gateway-ports.ts';
import type { Metrics } from './metrics.ts';
import type { RelayOptions } from './options.ts';


export interface GatewayWriter {
  /** A frame as it stands. */
  send(frame: Buffer | string): void;
  /** The words for one stream, whose audio is joined; `bytesPerMs` of it, decoded. */
  joins(write: StreamWriter, bytesPerMs: number): { media(base64: Buffer): void; mark(name: string): void; clear(): void };
  /** Nothing more will be sent; resolves when what waits is out, or `withinMs` have passed. */
  end(withinMs: number): Promise<void>;
  /** Forgets everything. */
  stop(): void;
  waitingBytes(): number;
}

type WriterOptions = Pick<RelayOptions, 'postEveryMs' | 'mostPostBytes' | 'mostCarrierSocketBytes'>;
/** `since`: when its oldest came; `enough`: bytes that are worth a post. */
type Item = { audio: Buffer[]; bytes: number; since: number; enough: number; write: StreamWriter } | { frame: Buffer | string; clear: boolean };

/**
 * Audio of less than a post's worth waits for more, and never as long as that lasts: the carrier plays what it had meanwhile, and is not left without.
 * (A first post of one small frame would leave it without at once, until the next.)
 */
const AHEAD_MS = 10;
/** After a 429: at first, and at most. */
const BACK_OFF_MS = { first: 50, most: 1000 };
/** A post that failed otherwise may have arrived all the same: it is tried again so often, and then the carrier counts as lost. */
const MOST_FAILURES = 3;

export interface WriterParts {
  connectionId: string;
  posts: ConnectionPosts;
  options: WriterOptions;
  metrics: Metrics;
  ms: () => number;
  /** The carrier's socket is gone, or cannot be reached. Once. */
  lost: (why: 'gone' | 'unreachable') => void;
}

export const gatewayWriter = ({ connectionId, posts, options, metrics, ms, lost }: WriterParts): GatewayWriter => {
  const queue: Item[] = [];
  /** Decoded audio that waits, in bytes. */
  let audioBytes = 0;
  let inFlight: Item | undefined;
  /** A clear came while audio was in flight: should the post fail, that audio is not wanted any more. */
  let cleared = false;
  let timer: NodeJS.Timeout | undefined;
  let notBefore = -Infinity;
  let backOff = 0;
  let failures = 0;
  let over = false;
  let emptied: (() => void) | undefined;

  /** The pieces that fit into one message, taken off the queue; never a part of one, which could end in the middle of a sample. */
  const take = (): Item => {
    const head = queue[0]!;
    if ('frame' in head) return queue.shift()!;
    const most = Math.floor((options.mostPostBytes * 3) / 4);
    let count = 0;
    let bytes = 0;
    while (count < head.audio.length && (count === 0 || bytes + head.audio[count]!.length <= most)) bytes += head.audio[count++]!.length;
    const taken: Item = { ...head, audio: head.audio.splice(0, count), bytes };
    head.bytes -= bytes;
    if (head.audio.length === 0) queue.shift();
    audioBytes -= bytes;
    return taken;
  };
  const putBack = (item: Item): void => {
    if ('frame' in item) {
      // A clear that came meanwhile stands first, and one is enough.
      const head = queue[0];
      if (!head || !('clear' in head && head.clear)) queue.unshift(item);
      else if (!item.clear) queue.splice(1, 0, item);
      return;
    }
    if (cleared) return;
    const head = queue[0];
    audioBytes += item.bytes;
    if (head && 'audio' in head && head.write === item.write) {
      head.audio.unshift(...item.audio);
      head.bytes += item.bytes;
      head.since = item.since;
    } else queue.unshift(item);
  };
  const stop = (): void => {
    over = true;
    clearTimeout(timer);
    queue.length = 0;
    audioBytes = 0;
    emptied?.();
  };
  const lose = (why: 'gone' | 'unreachable'): void => {
    if (over) return;
    stop();
    lost(why);
  };
  const again = (item: Item): void => {
    putBack(item);
    backOff = Math.min(BACK_OFF_MS.most, backOff === 0 ? BACK_OFF_MS.first : 2 * backOff);
    notBefore = ms() + backOff;
  };
  const post = async (item: Item): Promise<void> => {
    await deliver(item);
    inFlight = undefined;
    pump();
  };
  const deliver = async (item: Item): Promise<void> => {
    const began = ms();
    const data = 'frame' in item ? item.frame : mediaFrame(item.write, Buffer.from(Buffer.concat(item.audio, item.bytes).toString('base64'), 'latin1'));
    metrics.count('posts');
    let result;
    try {
      result = await posts.post(connectionId, data);
    } catch {
      result = 'failed' as const;
    }
    if (over) return;
    metrics.observe('post_ms', ms() - began);
    if (result === 'gone') return lose('gone');
    if (result === 'busy') {
      metrics.count('posts_busy');
      return again(item);
    }
    if (result === 'failed') {
      metrics.count('posts_failed');
      if (++failures >= MOST_FAILURES) return lose('unreachable');
      return again(item);
    }
    if (result === 'too-large') metrics.count('posts_failed');
    failures = 0;
    backOff = 0;
  };
  const pump = (): void => {
    if (over || inFlight) return;
    clearTimeout(timer);
    const head = queue[0];
    if (!head) return emptied?.();
    const wait = Math.max(notBefore, 'audio' in head && head.bytes < head.enough ? head.since + options.postEveryMs - AHEAD_MS : -Infinity) - ms();
    if (wait > 0) {
      timer = setTimeout(pump, wait);
      return;
    }
    inFlight = take();
    cleared = false;
    // Not awaited: it cannot reject, and asks for what comes after it.
    void post(inFlight);
  };

  return {
    send: (frame) => {
      if (over) return;
      queue.push({ frame, clear: false });
      pump();
    },
    joins: (write, bytesPerMs) => ({
      media: (base64) => {
        if (over) return;
        if (audioBytes > 2 * options.mostCarrierSocketBytes) return metrics.count('agent_audio_dropped');
        const bytes = Buffer.from(base64.toString('latin1'), 'base64');
        const last = queue.at(-1);
        audioBytes += bytes.length;
        if (last && 'audio' in last && last.write === write) {
          last.audio.push(bytes);
          last.bytes += bytes.length;
        } else queue.push({ audio: [bytes], bytes: bytes.length, since: ms(), enough: Math.floor(options.postEveryMs * bytesPerMs), write });
        pump();
      },
      mark: (name) => {
        if (over) return;
        queue.push({ frame: write.mark(name), clear: false });
        pump();
      },
      clear: () => {
        if (over) return;
        // Marks stay: the carrier gives them back at once when nothing stands before them, as it would have with the audio cleared.
        const kept = queue.filter((item) => 'frame' in item && !item.clear);
        queue.splice(0, queue.length, { frame: write.clear(), clear: true }, ...kept);
        audioBytes = 0;
        cleared = true;
        pump();
      },
    }),
    end: (withinMs) => new Promise<void>((resolve) => {
      const bound = setTimeout(resolve, withinMs);
      emptied = () => {
        clearTimeout(bound);
        resolve();
      };
      if (over) emptied();
      else pump();
    }),
    stop,
    waitingBytes: () => Math.ceil((audioBytes * 4) / 3),
  };
};
