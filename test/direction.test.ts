// Who may know whom: the directions of imports, read from the import lines themselves.
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, posix, relative, sep } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const { imports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { imports: Record<string, string> };

interface Line { file: string; to: string; typesOnly: boolean }

/** A module's place in the repository, or its bare name (`zod`, `node:fs`, `@aws-sdk/client-sqs`). */
const placeOf = (file: string, specifier: string): string => {
  if (specifier.startsWith('.')) return posix.normalize(posix.join(posix.dirname(file), specifier));
  if (specifier.startsWith('#')) {
    const [pattern, target] = Object.entries(imports).find(([one]) => specifier.startsWith(one.replace('*', ''))) ?? [];
    if (!pattern || !target) throw new Error(`${file} imports ${specifier}, which package.json does not know`);
    return posix.normalize(target.replace('*', specifier.slice(pattern.length - 1)));
  }
  return specifier;
};

const linesOf = (file: string): Line[] => {
  const code = readFileSync(join(root, file), 'utf8').replace(/\/\*[^]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const found = [...code.matchAll(/^\s*(import|export)\s+(type\s+)?(?:([^'";]*?)\s*from\s*)?['"]([^'"]+)['"]/gm), ...code.matchAll(/\b(import)\(\s*()()['"]([^'"]+)['"]/g)];
  return found.map(([, , type, names = '', specifier]) => ({
    file, to: placeOf(file, specifier!),
    typesOnly: type !== undefined && type !== '' || (/^\{.*\}$/s.test(names) && names.slice(1, -1).split(',').filter((name) => name.trim() !== '').every((name) => /^\s*type\s/.test(name))),
  }));
};

const filesIn = (folder: string): string[] => readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.m?ts$/.test(entry.name)).map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'));

const rooms = ['functions', 'local', 'lib', 'web', 'bin'];
const all = rooms.flatMap(filesIn).flatMap(linesOf);
const from = (...folders: string[]): Line[] => all.filter(({ file }) => folders.some((folder) => file.startsWith(`${folder}/`)));
const inside = (place: string, ...folders: string[]): boolean => folders.some((folder) => place === folder || place.startsWith(`${folder}/`));
const isFile = (place: string): boolean => rooms.some((room) => place.startsWith(`${room}/`)) || place.startsWith('test/');
const isBuiltin = (place: string): boolean => place.startsWith('node:') || builtinModules.includes(place);
/** The lines that a rule forbids, to be read in the failure. */
const against = (lines: Line[], forbidden: (line: Line) => boolean): string[] => lines.filter(forbidden).map(({ file, to }) => `${file} -> ${to}`);

describe('imports', () => {
  it('are seen by this test', () => {
    expect(all.length).toBeGreaterThan(300);
    expect(all.find(({ file, to }) => file === 'functions/store/dynamo-lead-store.ts' && to === 'functions/calls/lead.ts')).toMatchObject({ typesOnly: false });
    expect(all.find(({ file, to }) => file === 'functions/calls/fold-call.ts' && to === 'node:crypto')).toBeDefined();
    expect(all.find(({ file, to }) => file === 'functions/calls/lead.ts' && to === 'functions/calls/permission.ts')).toMatchObject({ typesOnly: true });
  });

  it('of the domain reach nothing but itself, zod, the number tables and a hash', () => {
    const allowed = /^(zod|libphonenumber-js(\/.*)?|node:crypto)$/;
    expect(against(from('functions/calls', 'functions/voices'), ({ to }) => !inside(to, 'functions/calls', 'functions/voices') && !allowed.test(to))).toEqual([]);
  });

  it('of audio reach nothing but audio', () => {
    expect(against(from('functions/audio'), ({ to }) => !inside(to, 'functions/audio') && !/^(speex-resampler(\/.*)?|node:.*)$/.test(to))).toEqual([]);
  });

  it('never cross from one carrier to the other, nor between carriers and agent', () => {
    expect(against(from('functions/carriers/twilio'), ({ to }) => inside(to, 'functions/carriers/exotel'))).toEqual([]);
    expect(against(from('functions/carriers/exotel'), ({ to }) => inside(to, 'functions/carriers/twilio'))).toEqual([]);
    expect(against(from('functions/carriers'), ({ to }) => inside(to, 'functions/agent'))).toEqual([]);
    expect(against(from('functions/agent'), ({ to }) => inside(to, 'functions/carriers'))).toEqual([]);
  });

  it('of carriers, agent and store reach neither handlers, relay nor composition', () => {
    expect(against(from('functions/carriers', 'functions/agent', 'functions/store', 'functions/house'), ({ to }) => inside(to, 'functions/handlers', 'functions/relay', 'functions/compose'))).toEqual([]);
  });

  it('of the house reach nothing but the domain\'s types and errors', () => {
    expect(against(from('functions/house'), ({ to }) => isFile(to) && !inside(to, 'functions/house', 'functions/calls'))).toEqual([]);
  });

  it('of the AWS SDK stand in adapters and composition roots only', () => {
    const rooms = ['functions/store', 'functions/compose', 'functions/relay', 'functions/house/secrets.ts'];
    expect(against(from('functions'), ({ file, to, typesOnly }) => to.startsWith('@aws-sdk/') && !typesOnly && !inside(file, ...rooms))).toEqual([]);
  });

  it('of what runs reach neither the CDK nor the simulated phone network nor tests', () => {
    expect(against(from('functions'), ({ to }) => inside(to, 'aws-cdk-lib', 'constructs', 'local', 'lib', 'web', 'bin', 'test'))).toEqual([]);
  });

  it('of the simulated phone network reach none of our code: it must be able to catch our mistakes', () => {
    expect(against(from('local'), ({ to }) => inside(to, 'functions', 'lib', 'web', 'bin', 'test'))).toEqual([]);
  });

  it('of the pages reach types alone', () => {
    const built = ['web/build.ts'];
    expect(against(from('web').filter(({ file }) => !built.includes(file)), ({ to, typesOnly }) => !inside(to, 'web') && !(inside(to, 'functions') && typesOnly))).toEqual([]);
  });

  it('of the infrastructure reach constants of ours, and nothing that runs', () => {
    const constants = ['functions/handlers/routes.ts', 'functions/store/table.ts'];
    const packages = /^(aws-cdk-lib(\/.*)?|constructs|cdk-nag|esbuild|zod)$/;
    expect(against(from('lib'), ({ to, typesOnly }) => !inside(to, 'lib', ...constants) && !packages.test(to) && !isBuiltin(to) && !typesOnly)).toEqual([]);
  });

  it('of tests are in tests alone', () => {
    expect(against(all, ({ to }) => inside(to, 'test'))).toEqual([]);
  });

  it('end in .ts where they name a file of ours', () => {
    expect(against(all, ({ to }) => isFile(to) && !/\.(m?ts|json)$/.test(to))).toEqual([]);
  });
});
