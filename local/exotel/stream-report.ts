// What can be read about a media stream afterwards: kept by stream.ts, shown on the /network pages, told to the next Passthru.
import { newSid } from './sid.ts';
import type { StreamAddress } from './stream-url.ts';

/** Times are milliseconds of the line. */
export type StreamReport = {
  sid: string;
  url: string;
  rateHz: number;
  bidirectional: boolean;
  handshakes: number;
  startedMs: number | null;
  endedMs: number | null;
  endedBy: 'carrier' | 'bot' | 'failure' | null;
  closeCode: number | null;
  chunksSent: number;
  chunksDiscarded: number;
  bytesReceived: number;
  messagesReceived: number;
  messagesRefused: number;
  /** Chunks that were no multiple of 320 bytes: each made a gap. */
  gaps: number;
  maxBufferedMs: number;
  /** Marks and clears in the order they happened. */
  points: { atMs: number; event: 'mark' | 'mark echoed' | 'clear'; name: string | null }[];
};

export const newReport = ({ url, rateHz }: StreamAddress, bidirectional: boolean): StreamReport => ({
  sid: newSid(), url, rateHz, bidirectional, handshakes: 0, startedMs: null, endedMs: null, endedBy: null, closeCode: null, chunksSent: 0, chunksDiscarded: 0,
  bytesReceived: 0, messagesReceived: 0, messagesRefused: 0, gaps: 0, maxBufferedMs: 0, points: [],
});
