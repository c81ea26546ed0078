import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { stopOnSignals } from '#local/process/signals.ts';

const listening = () => {
  const heard = new Map<string, () => void>();
  const exits: number[] = [];
  const said: string[] = [];
  const ended = Promise.withResolvers<void>();
  let stops = 0;
  let now = 0;
  stopOnSignals(() => { stops += 1; return ended.promise; }, {
    exit: (code) => { exits.push(code); }, say: (text) => said.push(text), now: () => now, on: (signal, hear) => heard.set(signal, hear),
  });
  return { signal: (name: string, atMs: number) => { now = atMs; heard.get(name)?.(); }, exits, said, ended, stops: () => stops };
};

describe('stopping on signals', () => {
  it('takes one Ctrl-C that arrives several ways for one, and ends with 0 when all has stopped', async () => {
    const { signal, exits, ended, stops } = listening();
    signal('SIGINT', 0);
    signal('SIGINT', 3);
    signal('SIGTERM', 300);
    expect([stops(), exits]).toEqual([1, []]);
    ended.resolve();
    await turn();
    expect(exits).toEqual([0]);
  });

  it('ends at once when somebody presses again', () => {
    const { signal, exits, stops } = listening();
    signal('SIGTERM', 0);
    signal('SIGINT', 1_500);
    expect([stops(), exits]).toEqual([1, [1]]);
  });

  it('says why and ends with 1 when stopping failed', async () => {
    const { signal, exits, said, ended } = listening();
    signal('SIGHUP', 0);
    ended.reject(new Error('the database did not stop'));
    await turn();
    expect(exits).toEqual([1]);
    expect(said.join()).toMatch(/the database did not stop/);
  });
});
