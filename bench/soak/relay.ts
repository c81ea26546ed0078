// The relay of `npm run soak`: functions/relay/main.ts as it is, in a process that also tells how it is doing when bench/soak.ts asks over the
// channel. Started with --expose-gc.
import { openNow, type Open } from './sockets.ts';

export interface Sample extends Open {
  heapBytes: number;
  outsideBytes: number;
  rssBytes: number;
  timers: number;
  listeners: number;
  /** Warnings of Node itself, such as too many listeners. */
  warnings: string[];
}

const warnings: string[] = [];
process.on('warning', ({ name, message }) => {
  if (name !== 'ExperimentalWarning') warnings.push(`${name}: ${message}`);
});

const sample = (): Sample => {
  // Twice: what a finalizer lets go of in the first is collected in the second.
  globalThis.gc!();
  globalThis.gc!();
  const { heapUsed, external, rss } = process.memoryUsage();
  return {
    ...openNow(), heapBytes: heapUsed, outsideBytes: external, rssBytes: rss, timers: process.getActiveResourcesInfo().filter((name) => name === 'Timeout' || name === 'Immediate').length,
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0), warnings: [...warnings],
  };
};
process.on('message', (message: unknown) => {
  if (message !== null && typeof message === 'object' && 'question' in message && message.question === 'sample') process.send!({ answer: sample() });
});

await import('../../functions/relay/main.ts');
