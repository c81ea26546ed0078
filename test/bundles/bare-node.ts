// Called by the bundle tests: one event into one bundle, in a Node process that has the bundle, the variables it is given and nothing else.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Bundle } from '#lib/bundles.ts';

const MARK = '\u0001answer ';
/** What Lambda's runtime does: import the file, call the handler with the event, hand over what it resolves with. */
const runtime = `
  const { handler } = await import(process.env.BUNDLE);
  let text = '';
  for await (const piece of process.stdin) text += piece;
  // Caught here, because Node would print the bundle's one long line beside it.
  const answer = await handler(JSON.parse(text)).catch((error) => {
    process.stderr.write(String(error));
    process.exitCode = 1;
  });
  process.stdout.write(${JSON.stringify(`\n${MARK}`)} + JSON.stringify(answer ?? null) + '\\n', () => process.exit());
`;

export interface Ran<T> {
  answer: T;
  /** What it logged, line by line. */
  log: string[];
}

/** Rejects with what the process said when it did not answer. */
export const run = <T>(bundle: Bundle, event: unknown, variables: Record<string, string>): Promise<Ran<T>> => new Promise((resolve, reject) => {
  // No PATH, no HOME, no node_modules above the directory: whatever is missing from the bundle is missing here, as it would be in Lambda.
  const child = spawn(process.execPath, ['--input-type=module', '-e', runtime], {
    cwd: bundle.directory, stdio: ['pipe', 'pipe', 'pipe'],
    env: { BUNDLE: join(bundle.directory, 'index.mjs'), AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', ...variables },
  });
  let out = '';
  let complaints = '';
  child.stdout.on('data', (piece: Buffer) => { out += piece.toString(); });
  child.stderr.on('data', (piece: Buffer) => { complaints += piece.toString(); });
  child.on('error', reject).on('close', (code) => {
    const lines = out.split('\n').filter(Boolean);
    const answer = lines.find((line) => line.startsWith(MARK));
    if (code !== 0 || answer === undefined) reject(new Error(`the bundle did not answer (exit ${code}): ${complaints.slice(-500)}`));
    else resolve({ answer: JSON.parse(answer.slice(MARK.length)) as T, log: lines.filter((line) => line !== answer) });
  });
  child.stdin.end(JSON.stringify(event));
});
