// `node bin/bundle.ts [directory]`: writes what a deploy would upload (each function's bundle, the relay's image context) and prints the sizes.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bundleFunction, bundleRelay, entryPoints } from '#lib/bundles.ts';

const out = resolve(process.argv[2] ?? 'dist');
const say = (name: string, bytes: number): void => void process.stdout.write(`${name.padEnd(20)} ${(bytes / 1024).toFixed(0).padStart(6)} KB\n`);
for (const name of entryPoints()) say(name, bundleFunction(name, { directory: join(out, name) }).bytes);
if (existsSync(new URL('../functions/relay/main.ts', import.meta.url))) say('relay', bundleRelay({ directory: join(out, 'relay') }).bytes);
