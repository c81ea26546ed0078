// Called by `npm test` through with-node.mjs: runs the tests, passes its arguments on to vitest (`npm test -- test/calls`), and ends with a line for
// each test that failed, a plain line `N passed, N failed` and vitest's exit code.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  testResults: { name: string; status: string; message: string; assertionResults: { status: string; fullName: string; failureMessages: string[] }[] }[];
}

const firstLine = (text: string | undefined): string => (text ?? '').split('\n')[0]!.slice(0, 300);

/** What vitest's JSON report counts, and a failure for each file that could not be run at all. */
export const tally = (report: Report): { passed: number; failed: number } => {
  const broken = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'));
  return { passed: report.numPassedTests, failed: report.numFailedTests + broken.length };
};

/** A line for each test that failed and each file that could not be run: the end of a long output says what to look for in it. */
export const failures = (report: Report): string[] => report.testResults.flatMap(({ name, status, message, assertionResults }) => {
  const file = relative(root, name);
  const failed = assertionResults.filter((test) => test.status === 'failed').map(({ fullName, failureMessages }) => `failed: ${file} > ${fullName}: ${firstLine(failureMessages[0])}`);
  return failed.length === 0 && status === 'failed' ? [`failed: ${file}: ${firstLine(message)}`] : failed;
});

/** Runs vitest with these arguments and prints the closing line. Resolves with the exit code. */
export const runTests = async (args: readonly string[]): Promise<number> => {
  const directory = mkdtempSync(join(tmpdir(), 'ringback-test-'));
  const file = join(directory, 'report.json');
  try {
    const child = spawn(process.execPath, [
      join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`, ...args,
    ], { cwd: root, stdio: 'inherit' });
    // This process waits for vitest's end, to print the line.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
    const code = await new Promise<number>((resolve, reject) => {
      child.on('error', reject).on('exit', (exit, signal) => resolve(signal ? 1 : (exit ?? 1)));
    });
    const report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) as Report : undefined;
    const counted = report ? tally(report) : { passed: 0, failed: 0 };
    for (const line of report ? failures(report) : []) process.stdout.write(`${line}\n`);
    // An error outside of any test, or no tests at all: the run failed, so the line must not say that nothing did.
    const failed = code === 0 ? counted.failed : Math.max(counted.failed, 1);
    process.stdout.write(`${counted.passed} passed, ${failed} failed\n`);
    return code === 0 && failed > 0 ? 1 : code;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
};

if (import.meta.main) process.exitCode = await runTests(process.argv.slice(2));
