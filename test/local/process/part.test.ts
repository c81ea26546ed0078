import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { spawnPart, type PartOptions } from '#local/process/part.ts';

const script = join(import.meta.dirname, 'part-script.ts');
const part = async (how: string, options: Partial<PartOptions> = {}) => {
  const lines: string[] = [];
  const started = await spawnPart({ name: 'relay', args: [script, how], print: (line) => lines.push(line), ...options });
  onTestFinished(() => started.stop());
  return { ...started, lines };
};
const alive = (pid: number): boolean => {
  try { return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')); } catch { return false; }
};
/** Asks until it is gone; the test's own time limit bounds it. */
const gone = async (pid: number): Promise<void> => { while (alive(pid)) await pause(10); };

describe('a part', () => {
  it('is there when it says so, with what it tells, and its output carries its name', async () => {
    const { details, lines, stop } = await part('orderly', { env: { ...process.env, GIVEN: 'x' } });
    expect(details).toEqual({ port: 1234, given: 'x' });
    await stop();
    expect(lines).toEqual(['relay | listening on 1234', 'relay | goodbye']);
  });

  it('may say it is ready by a line', async () => {
    expect((await part('silent', { ready: /^listening on \d+$/ })).details).toEqual({});
    const other = await part('', { command: '/bin/sh', args: ['-c', 'echo up; exec sleep 60'], ready: /^up$/ });
    await other.stop();
    expect(alive(other.pid)).toBe(false);
  });

  it('is refused, and leaves nothing behind, when it ends first or takes too long', async () => {
    const lines: string[] = [];
    await expect(part('broken', { print: (line) => lines.push(line) })).rejects.toThrow('relay ended by itself (exit code 3)');
    expect(lines).toContain('relay | no configuration');
    await expect(part('silent', { readyWithinMs: 300 })).rejects.toThrow('relay was not ready within 0.3 s');
    await expect(part('', { command: '/nowhere/program', args: [], ready: /./ })).rejects.toThrow(/relay ended by itself \(.*ENOENT/);
  });

  it('that dies is told of', async () => {
    const { pid, died, stop } = await part('orderly');
    process.kill(pid, 'SIGKILL');
    await expect(died).rejects.toThrow('relay ended by itself (SIGKILL)');
    await stop();
  });

  it('that does not stop in order is killed after its grace', async () => {
    const { pid, stop } = await part('stubborn', { graceMs: 50 });
    await stop();
    expect(alive(pid)).toBe(false);
  });

  it('ends when its parent is killed', async () => {
    const parent = spawn(process.execPath, [join(import.meta.dirname, 'parent-script.ts')], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(parent.stdout, 'data') as [Buffer];
    const pid = Number(line.toString());
    expect(alive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await gone(pid);
  });
});
