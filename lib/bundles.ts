// Called by the constructs, the bench and the bundle tests: makes what runs in Lambda and in the relay's container, by esbuild, in the same
// way wherever it is called. Same sources, same bytes.
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
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
    target: 'node24', format: 'esm', mainFields: ['module', 'main'], banner: { js: banner }, sourcemap: 'linked', sourcesContent: false, legalComments: 'none',
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

/** True when functions/handlers/<name>.ts is there. */
export const handlerExists = (name: string): boolean => existsSync(join(handlers, `${name}.ts`));

/** Names of the handlers that are Lambda entry points: they export `handler`. */
export const entryPoints = (): string[] =>
  readdirSync(handlers).filter((file) => file.endsWith('.ts') && !/^(compose|routes|openapi)/.test(file)).map((file) => basename(file, '.ts')).sort();

/**
 * Bundles functions/handlers/<name>.ts into `<directory>/index.mjs` (`index.handler`). Throws what esbuild says.
 */
export const bundleFunction = (name: string, { directory, beside = {} }: BundleOptions = {}): Bundle => {
  const bundle = build(join('functions', 'handlers', `${name}.ts`), 'index.mjs', directory ?? scratch());
  lay(beside, bundle.directory);
  return bundle;
};

/** Bundles the relay into `<directory>/main.mjs`, with its recorded sentences, the Dockerfile and whatever is laid beside it: the context of its image. */
export const bundleRelay = ({ directory = scratch(), beside = {} }: BundleOptions = {}): Bundle => {
  const relay = join(root, 'functions', 'relay');
  const bundle = build(join('functions', 'relay', 'main.ts'), 'main.mjs', directory);
  cpSync(join(relay, 'sentences'), join(directory, 'sentences'), { recursive: true, filter: (path) => !path.endsWith('.md') });
  for (const file of ['Dockerfile', '.dockerignore']) copyFileSync(join(relay, file), join(directory, file));
  lay(beside, directory);
  return bundle;
};
