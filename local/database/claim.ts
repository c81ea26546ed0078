// Called by the local database before it starts the engine: no two engines on the same data, and none left over from a killed run.
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** A keeper whose parent was killed stops the engine within its grace of 2 s. */
const PATIENCE_MS = 3_000;
const LOOK_EVERY_MS = 20;

const read = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined; // no such file: no such process, or no /proc
  }
};

/** Whether the process runs with `dataFile` among its arguments: a number alone may have been given to another program since. */
const runs = (pid: number, dataFile: string): boolean => read(`/proc/${pid}/cmdline`)?.split('\0').includes(dataFile) ?? false;
const parentOf = (pid: number): number => Number(/\) \S (\d+)/.exec(read(`/proc/${pid}/stat`) ?? '')?.[1] ?? 0);

/**
 * Waits until no engine holds `dataFile`. One whose keeper is gone is ended here; one that belongs to a living keeper is another
 * Ringback's: rejects with a sentence that says so. `pidFile` is what keeper.ts wrote.
 */
export const claimData = async (pidFile: string, dataFile: string, directory: string): Promise<void> => {
  const [keeper, engine] = (read(pidFile) ?? '').trim().split(' ').map(Number);
  if (!keeper || !engine) return;
  const until = performance.now() + PATIENCE_MS;
  while (runs(engine, dataFile)) {
    if (parentOf(engine) !== keeper) process.kill(engine, 'SIGKILL');
    if (performance.now() > until) {
      throw new Error(`The data in ${directory} is in use by another Ringback (process ${keeper}). Stop it, or set RINGBACK_DATA_DIR to another directory.`);
    }
    await wait(LOOK_EVERY_MS);
  }
};
