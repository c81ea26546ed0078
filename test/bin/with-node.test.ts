import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { failures, tally } from '../../bin/test.ts';

const root = join(import.meta.dirname, '..', '..');

/** A copy of the project's shell: its lock, its installed packages, with-node.mjs, and one program. */
const project = async (program: string): Promise<string> => {
  const at = await mkdtemp(join(tmpdir(), 'with-node-'));
  onTestFinished(() => rm(at, { recursive: true, force: true }));
  await mkdir(join(at, 'bin'));
  await copyFile(join(root, 'package-lock.json'), join(at, 'package-lock.json'));
  await copyFile(join(root, 'bin', 'with-node.mjs'), join(at, 'bin', 'with-node.mjs'));
  await symlink(join(root, 'node_modules'), join(at, 'node_modules'));
  await writeFile(join(at, 'bin', 'program.ts'), program);
  await writeFile(join(at, 'package.json'), JSON.stringify({ type: 'module', scripts: { go: 'node bin/with-node.mjs bin/program.ts' } }));
  return at;
};
/** Says its process id, and ends in order at SIGTERM or SIGINT, or when with-node is gone. */
const lasting = `
  import { writeFileSync } from 'node:fs';
  const end = (how: string): void => { writeFileSync('ended', how); process.exit(7); };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => end(signal));
  process.once('disconnect', () => end('disconnect'));
  setInterval(() => {}, 1_000);
  process.stdout.write('up\\n');
`;
const started = async (command: string, args: string[], cwd: string) => {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  onTestFinished(() => { try { process.kill(-child.pid!, 'SIGKILL'); } catch { /* all ended */ } });
  for (let said = ''; !said.includes('up\n');) said += String((await once(child.stdout, 'data') as [Buffer])[0]);
  return child;
};
/** Asks until the program has written how it ended; the test's own time limit bounds it. */
const ending = async (cwd: string): Promise<string> => {
  for (;;) {
    const how = await readFile(join(cwd, 'ended'), 'utf8').catch(() => '');
    if (how) return how;
    await pause(20);
  }
};

describe('with-node.mjs', () => {
  it('runs a TypeScript program under Node 24 with its arguments, and passes its exit code on', async () => {
    const cwd = await project('process.stdout.write(JSON.stringify([process.versions.node.split(".")[0], ...process.argv.slice(2)])); process.exitCode = 5;');
    const child = spawn('node', ['bin/with-node.mjs', 'bin/program.ts', 'a b', '--c'], { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => { said += chunk.toString(); });
    const [code] = await once(child, 'close') as [number];
    expect([JSON.parse(said), code]).toEqual([['24', 'a b', '--c'], 5]);
  });

  it('passes signals on and waits for the end', async () => {
    const cwd = await project(lasting);
    const child = await started('node', ['bin/with-node.mjs', 'bin/program.ts'], cwd);
    child.kill('SIGINT');
    const [code] = await once(child, 'exit') as [number];
    expect([code, await ending(cwd)]).toEqual([7, 'SIGINT']);
  });

  it('lets its program know when it is killed', async () => {
    const cwd = await project(lasting);
    (await started('node', ['bin/with-node.mjs', 'bin/program.ts'], cwd)).kill('SIGKILL');
    expect(await ending(cwd)).toBe('disconnect');
  });

  it.each(['SIGTERM', 'SIGKILL'] as const)('ends its program when the npm that started it gets %s, which npm passes on to nobody', async (signal) => {
    const cwd = await project(lasting);
    (await started('npm', ['run', 'go', '--silent'], cwd)).kill(signal);
    expect(await ending(cwd)).toBe('SIGTERM');
  });
});

describe("the tests' closing lines", () => {
  const test = (status: string, fullName = 'a room keeps its rule', failureMessages: string[] = []) => ({ status, fullName, failureMessages });
  const file = (name: string, status: string, assertionResults: ReturnType<typeof test>[], message = '') => ({ name: join(root, name), status, message, assertionResults });
  const report = {
    numPassedTests: 2, numFailedTests: 1, testResults: [
      file('test/a.test.ts', 'passed', [test('passed'), test('passed')]),
      file('test/b.test.ts', 'failed', [test('passed'), test('failed', 'a room is tidy', ['AssertionError: expected 1 to be 2\n    at b.test.ts:3'])]),
      file('test/c.test.ts', 'failed', [], 'SyntaxError: Unexpected token\n    at c.test.ts:1'),
    ],
  };

  it('count a file that could not be run as a failure', () => {
    expect(tally(report)).toEqual({ passed: 2, failed: 2 });
  });

  it('name each test that failed, and each file that could not be run, with the first line of why', () => {
    expect(failures(report)).toEqual(['failed: test/b.test.ts > a room is tidy: AssertionError: expected 1 to be 2', 'failed: test/c.test.ts: SyntaxError: Unexpected token']);
  });
});
