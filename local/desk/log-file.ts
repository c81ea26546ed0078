// The local stack's log: every line to a file, and what a person should know to the terminal.
import { createWriteStream } from 'node:fs';

export interface LineLog {
  /** A line of JSON, as the house's log writes them: to the file, warnings and errors to standard error too, in short. */
  write: (line: string) => void;
  /** A line that another process printed. */
  pass: (line: string, from: 'stdout' | 'stderr') => void;
  stop: () => Promise<void>;
}

const loud = new Set(['warn', 'error']);

export const lineLog = (file: string): LineLog => {
  const out = createWriteStream(file, { flags: 'a', mode: 0o600 });
  out.on('error', (error) => process.stderr.write(`The log cannot be written: ${error.message}\n`));
  const write = (line: string): void => {
    out.write(`${line}\n`);
    try {
      const { level, message, ...rest } = JSON.parse(line) as { level?: string; message?: string; error?: { message?: string } };
      if (level && loud.has(level)) process.stderr.write(`${level}: ${message}${rest.error?.message ? `: ${rest.error.message}` : ''}\n`);
    } catch {
      // Not JSON: a line of another program. It is in the file.
    }
  };
  return {
    write,
    pass: (line, from) => {
      const bare = line.replace(/^[a-z]+ \| /, '');
      if (bare.startsWith('{')) write(bare);
      else {
        out.write(`${line}\n`);
        if (from === 'stderr') process.stderr.write(`${line}\n`);
      }
    },
    stop: () => new Promise((resolve) => out.end(() => resolve())),
  };
};
