// How many calls one core carries: calls are added until the slowest hundredth of frames takes too long both ways. Called by relay.ts.
import { openCarrier } from './carriers.ts';
import { contenders, startContender, type ContenderName } from './contenders.ts';
import { median, percentile, table } from './figures.ts';
import { MOST_BUSY, startLoad } from './load.ts';
import type { RelayBench } from './options.ts';

/** So often at each step: a shared machine stumbles every few seconds, whatever runs on it, and what is looked for is not how often. */
const TRIES = 3;
const STEP_SECONDS = 3;

interface Most { calls: number; busy: number; lost: number }

const search = async (name: ContenderName, { from, step, warmSeconds, mostP99Ms }: Pick<RelayBench, 'from' | 'step' | 'warmSeconds' | 'mostP99Ms'>): Promise<Most> => {
  const load = await startLoad();
  const running = await startContender(name, load.agentPort);
  const most: Most = { calls: 0, busy: 0, lost: 0 };
  try {
    for (let calls = from; ; calls += step) {
      await load.grow(calls, (call, heard, lost) => openCarrier(running.port, call, heard, lost));
      // A process that has just started is slow for longer than a step lasts, and the more so the more it does.
      await load.measure(calls === from ? warmSeconds : 1);
      let good = false;
      for (let tried = 0; tried < TRIES && !good; tried++) {
        const measured = await load.measure(STEP_SECONDS);
        most.busy = measured.busy;
        good = percentile(measured.both, 99) <= mostP99Ms;
      }
      if (!good) break;
      most.calls = calls;
    }
    most.lost = (await load.finish()).lost;
  } finally {
    await running.stop();
  }
  return most;
};

export const mostCalls = async (options: RelayBench): Promise<void> => {
  const found = new Map<ContenderName, Most[]>(options.most.map((name) => [name, []]));
  for (let round = 0; round < options.rounds; round++) for (const name of options.most) found.get(name)!.push(await search(name, options));
  console.log(`\nMost calls on one core at p99 <= ${options.mostP99Ms} ms both ways, in steps of ${options.step} from ${options.from}; 0: not even those.`);
  table(options.most.map((name) => {
    const all = found.get(name)!;
    const busy = Math.max(...all.map((most) => most.busy));
    return {
      contender: contenders.find((known) => known.name === name)!.what, calls: median(all.map(({ calls }) => calls)), 'each round': all.map(({ calls }) => calls).join(', '),
      lost: all.reduce((sum, { lost }) => sum + lost, 0), 'load busy at the end': `${(100 * busy).toFixed(0)} %${busy > MOST_BUSY ? ': the load gave up first, so this is the least that it carries' : ''}`,
    };
  }));
};
