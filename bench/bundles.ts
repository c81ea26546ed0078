// `npm run bench:bundles`: how large each function's bundle is, what of it is the AWS SDK, and how long a bare Node takes to load it.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { bundleFunction, entryPoints, type Bundle } from '#lib/bundles.ts';

const RUNS = 7;

/** Bytes of the output that came from the AWS SDK and what it brings. */
const sdkBytes = ({ metafile }: Bundle): number => {
  const outputs = Object.entries(metafile.outputs).filter(([file]) => file.endsWith('.mjs'));
  return outputs.flatMap(([, output]) => Object.entries(output.inputs)).filter(([input]) => /node_modules\/(@aws-sdk|@smithy|@aws-crypto|@aws)\//.test(input)).reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0);
};

/** What Lambda calls init: from the start of the import to a handler. Milliseconds; the median of several processes. */
const initMs = (bundle: Bundle): number => {
  const measure = `const t = process.hrtime.bigint(); const m = await import(${JSON.stringify(join(bundle.directory, 'index.mjs'))}); if (typeof m.handler !== 'function') throw new Error('no handler'); process.stdout.write(String(Number(process.hrtime.bigint() - t) / 1e6));`;
  const times = Array.from({ length: RUNS }, () => Number(execFileSync(process.execPath, ['--input-type=module', '-e', measure], { env: { PATH: process.env['PATH'] ?? '', AWS_REGION: 'us-east-1' } })));
  return times.sort((a, b) => a - b)[Math.floor(RUNS / 2)]!;
};

const rows = entryPoints().map((name) => {
  const bundle = bundleFunction(name);
  const kb = (bytes: number): string => (bytes / 1024).toFixed(0);
  return { function: name, 'KB': kb(bundle.bytes), 'KB without SDK': kb(bundle.bytes - sdkBytes(bundle)), 'KB gzipped': kb(gzipSync(readFileSync(join(bundle.directory, 'index.mjs'))).length), 'init ms': initMs(bundle).toFixed(0) };
});
console.table(rows);
