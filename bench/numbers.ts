// Numbers given to a bench on the command line: read and bounded, or refused with what would be right. Used by soak.ts and relays.ts.
import { parseArgs } from 'node:util';

export interface NumberOption {
  usual: number;
  least: number;
  most: number;
  /** For --help. */
  what: string;
  fraction?: boolean;
}

export class BadNumber extends Error {}

const read = (name: string, text: string, { least, most, fraction = false }: NumberOption): number => {
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most && (fraction || Number.isInteger(value))) return value;
  throw new BadNumber(`--${name} takes a ${fraction ? '' : 'whole '}number from ${least} to ${most}, not "${text}".`);
};

/** 'help' when that was asked for. Throws BadNumber, with a sentence for whoever typed it. */
export const readNumbers = <Name extends string>(options: Record<Name, NumberOption>, args: string[]): Record<Name, number> | 'help' => {
  const names = Object.keys(options) as Name[];
  let given: Record<string, string | boolean | undefined>;
  try {
    given = parseArgs({ args, options: { help: { type: 'boolean' }, ...Object.fromEntries(names.map((name) => [name, { type: 'string' } as const])) } }).values;
  } catch (error) {
    throw new BadNumber(`${(error as Error).message.split('. ')[0]}. The options are ${names.map((name) => `--${name}`).join(', ')}.`, { cause: error });
  }
  if (given['help']) return 'help';
  return Object.fromEntries(names.map((name) => [name, given[name] === undefined ? options[name].usual : read(name, given[name] as string, options[name])])) as Record<Name, number>;
};

/** The same for a program: prints help or what was wrong, and ends it. */
export const numbersOf = <Name extends string>(command: string, options: Record<Name, NumberOption>): Record<Name, number> => {
  try {
    const numbers = readNumbers(options, process.argv.slice(2));
    if (numbers !== 'help') return numbers;
    const lines = Object.entries<NumberOption>(options).map(([name, { what, usual }]) => `  --${name.padEnd(12)} ${what} (${usual})`);
    process.stdout.write(`npm run ${command} -- [options]\n\n${lines.join('\n')}\n`);
    return process.exit(0);
  } catch (error) {
    if (!(error instanceof BadNumber)) throw error;
    process.stderr.write(`${error.message}\n`);
    return process.exit(2);
  }
};
