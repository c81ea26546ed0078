// The machine that figures come from, and which core does what on it. Used by everything in this folder that measures.
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';

/** The contender is alone on the first core, the load with everything else on the second. */
export const MEASURED_CORE = 0;
export const LOAD_CORE = 1;

let pins: boolean | undefined;

/** Whether there is `taskset` (util-linux), and a second core. */
export const canPin = (): boolean => {
  if (pins === undefined) {
    try {
      execFileSync('taskset', ['-c', `${MEASURED_CORE},${LOAD_CORE}`, 'true'], { stdio: 'ignore' });
      pins = cpus().length > 1;
    } catch {
      pins = false;
    }
  }
  return pins;
};

/** This process, threads included, goes to its core. */
export const pinLoad = (): void => {
  if (canPin()) execFileSync('taskset', ['-a', '-cp', String(LOAD_CORE), String(process.pid)], { stdio: 'ignore' });
};

export const machine = (): string =>
  `Node ${process.version} on ${process.platform}-${process.arch}, ${cpus().length} cores (${cpus()[0]?.model.trim() || 'unnamed'}), loopback without TLS; `
  + (canPin() ? `contender on core ${MEASURED_CORE}, load on core ${LOAD_CORE}` : 'NOT PINNED (no taskset, of util-linux, or one core only): contender and load disturb each other');
