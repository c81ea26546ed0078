// Started by the local composition between itself and a foreign program (the database): node keeper.ts <pid file> <command> [arguments].
// It promises that the program does not outlive whoever holds the other end of its standard input, even after a kill -9 there:
// the operating system closes that pipe, and the end of input is the order to stop.
import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';

/** How long the program may take to stop in order. */
const GRACE_MS = 2_000;

const [pidFile, command, ...args] = process.argv.slice(2);
if (!pidFile || !command) throw new Error('keeper.ts wants a pid file and a command');

const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
let stopping = false;
const stop = (): void => {
  if (stopping) return;
  stopping = true;
  child.kill('SIGTERM');
  setTimeout(() => child.kill('SIGKILL'), GRACE_MS).unref();
};

// Keeper and program: a later start tells from the two whether the program was orphaned.
if (child.pid !== undefined) writeFileSync(pidFile, `${process.pid} ${child.pid}\n`);
process.stdin.resume().on('end', stop).on('error', stop);
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop);
// Its reader may be gone already: then there is nobody to tell.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

child.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(127);
});
child.on('exit', (code, signal) => {
  rmSync(pidFile, { force: true });
  if (!stopping) process.stderr.write(`ended by itself (${signal ?? `exit code ${code}`})\n`);
  process.exit(stopping ? 0 : (code ?? 1) || 1);
});
