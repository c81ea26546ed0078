// Called by the constructs, the bench and the bundle tests: makes what runs in Lambda and in the relay's container, by esbuild, in the same
// way wherever it is called. Same sources, same bytes.
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync, type Metafile } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

export interface Bundle {
  /** Directory with the bundle, its source map and whatever lies beside it. */
  directory: string;
  /** The code alone, minified. */
  bytes: number;
  metafile: Metafile;
}

/** CommonJS packages inside an ES module ask for `require`; Lambda has none in scope. */
const banner = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

const build = (entry: string, file: string, directory: string): Bundle => {
  // Nothing is written by esbuild itself: paths in the source map are then relative to one place, wherever the files go.
  const made = buildSync({
    absWorkingDir: root, entryPoints: [entry], outfile: join('dist', file), write: false, metafile: true, bundle: true, minify: true, platform: 'node',
    target: 'node24', format: 'esm', mainFields: ['module', 'main'], banner: { js: banner }, sourcemap: 'linked', sourcesContent: false, legalComments: 'none', charset: 'utf8',
    logLevel: 'silent', define: { 'process.env.NODE_ENV': '"production"' }, external: [],
  });
  let bytes = 0;
  for (const output of made.outputFiles) {
    const to = join(directory, relative(join(root, 'dist'), output.path));
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to, output.contents);
    if (!to.endsWith('.map')) bytes += output.contents.length;
  }
  return { directory, bytes, metafile: made.metafile };
};

/** Directories of this process. They go when it does. */
const scratches: string[] = [];
const scratch = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'ringback-bundle-'));
  if (scratches.length === 0) process.on('exit', () => scratches.forEach((each) => rmSync(each, { recursive: true, force: true })));
  scratches.push(directory);
  return directory;
};

/** Bundles that nobody gave a directory for: made once a process, because a process describes its stacks from one state of the sources. */
const kept = new Map<string, Bundle>();
const once = (directory: string | undefined, key: string, make: (to: string) => Bundle): Bundle => {
  if (directory !== undefined) return make(directory);
  const bundle = kept.get(key) ?? make(scratch());
  kept.set(key, bundle);
  return bundle;
};

export interface BundleOptions {
  /** Without one: a directory that goes when the process does. */
  directory?: string;
  /** Files laid next to the bundle, by the name that they get. */
  beside?: Readonly<Record<string, string>>;
}

const lay = (beside: Readonly<Record<string, string>>, directory: string): void => {
  for (const [as, from] of Object.entries(beside)) copyFileSync(from, join(directory, as));
};

const handlers = join(root, 'functions', 'handlers');

/** Names of the handlers that are Lambda entry points: they export `handler`. */
export const entryPoints = (): string[] =>
  readdirSync(handlers).filter((file) => file.endsWith('.ts') && /^export const handler\b/m.test(readFileSync(join(handlers, file), 'utf8'))).map((file) => basename(file, '.ts')).sort();

/**
 * Bundles functions/handlers/<name>.ts into `<directory>/index.mjs` (`index.handler`). Throws what esbuild says.
 */
export const bundleFunction = (name: string, { directory, beside = {} }: BundleOptions = {}): Bundle =>
  once(directory, `${name} ${JSON.stringify(beside)}`, (to) => {
    const bundle = build(join('functions', 'handlers', `${name}.ts`), 'index.mjs', to);
    lay(beside, to);
    return bundle;
  });

/** Bundles the relay into `<directory>/main.mjs`, with its recorded sentences, the Dockerfile and whatever is laid beside it: the context of its image. */
export const bundleRelay = ({ directory, beside = {} }: BundleOptions = {}): Bundle =>
  once(directory, `the relay ${JSON.stringify(beside)}`, (to) => {
    const relay = join(root, 'functions', 'relay');
    const bundle = build(join('functions', 'relay', 'main.ts'), 'main.mjs', to);
    cpSync(join(relay, 'sentences'), join(to, 'sentences'), { recursive: true, filter: (path) => !path.endsWith('.md') });
    for (const file of ['Dockerfile', '.dockerignore']) copyFileSync(join(relay, file), join(to, file));
    lay(beside, to);
    return bundle;
  });
