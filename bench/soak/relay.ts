// The relay of `npm run soak`: functions/relay/main.ts as it is, in a process that also tells how it is doing when bench/soak.ts asks over the
// channel. Started with --expose-gc.
import { getHeapSpaceStatistics } from 'node:v8';
import { openNow, type Open } from './sockets.ts';

export interface Sample extends Open {
  /** Of objects; code grows as long as something is compiled for the first time, or better, which is not for ever. */
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

/** Bytecode, machine code and what belongs to them have spaces of their own. */
const CODE = /code|trusted|read_only/;
const objectBytes = (): number => getHeapSpaceStatistics().reduce((sum, { space_name: name, space_used_size: used }) => sum + (CODE.test(name) ? 0 : used), 0);

const sample = (): Sample => {
  // Twice: what a finalizer lets go of in the first is collected in the second.
  globalThis.gc!();
  globalThis.gc!();
  const { external, rss } = process.memoryUsage();
  return {
    ...openNow(), heapBytes: objectBytes(), outsideBytes: external, rssBytes: rss, timers: process.getActiveResourcesInfo().filter((name) => name === 'Timeout' || name === 'Immediate').length,
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0), warnings: [...warnings],
  };
};
process.on('message', (message: unknown) => {
  if (message !== null && typeof message === 'object' && 'question' in message && message.question === 'sample') process.send!({ answer: sample() });
});

await import('../../functions/relay/main.ts');
