// Run by the tests, to be killed: starts a part that ignores SIGTERM, and says the part's process id.
import { join } from 'node:path';
import { spawnPart } from '#local/process/part.ts';

const part = await spawnPart({ name: 'part', args: [join(import.meta.dirname, 'part-script.ts'), 'stubborn'], print: () => {} });
process.stdout.write(`${part.pid}\n`);
