// Called by the local database: where the embedded engine's program is for this platform, or one line that says what to do without it.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Throws when the engine ships nothing for the platform (or its optional package was not installed). */
export const engineFile = (platform: string = process.platform, arch: string = process.arch): string => {
  const name = `@dynoxide/${platform}-${arch}`;
  try {
    const file = join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), platform === 'win32' ? 'dynoxide.exe' : 'dynoxide');
    if (existsSync(file)) return file;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
  }
  throw new Error(`No embedded database for ${platform}-${arch} (${name} is not installed): run Amazon's DynamoDB Local or any other `
    + 'DynamoDB-compatible server, and set DYNAMODB_ENDPOINT to its address, such as http://127.0.0.1:8000.');
};
