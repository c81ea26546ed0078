// What `npm run bench:relay` was asked for: read and checked once, by relay.ts. Wrong input throws a BadOption whose message says what is wrong.
import { parseArgs } from 'node:util';
import { contenders, type ContenderName } from './contenders.ts';

export class BadOption extends Error {}

export interface RelayBench {
  way: 'direct';
  calls: number;
  rounds: number;
  seconds: number;
  warmSeconds: number;
  against: ContenderName[];
  /** Contenders whose most calls are looked for; none: not looked for. */
  most: ContenderName[];
  /** Of a frame both ways together. */
  mostP99Ms: number;
  from: number;
  step: number;
}

export interface GatewayBench {
  way: 'gateway';
  calls: number[];
  seconds: number;
  warmSeconds: number;
  /** How long the stand-in for API Gateway takes to answer a post. */
  postMs: number;
  /** Who posts: ourselves, or the AWS SDK. */
  posts: 'signed' | 'sdk';
}

export const help = `npm run bench:relay -- [gateway] [options]

Calls in real time (50 frames a second each way) through one relay process on one core; carriers and agent are on the other. Beside the relay, in
the same run: a bare TCP pipe, a bare ws pipe, a bridge that parses and stringifies, and ours with 60 ms to the agent at a time.

  --calls <n>          calls at once (300)
  --rounds <n>         rounds, one contender after the other in each (3); the figures are medians
  --seconds <n>        measured in each round (8)
  --warm <n>           seconds before it, not measured (8): V8 takes that long to make the most of the code
  --against <a,b>      contenders beside ours: ${contenders.map(({ name }) => name).filter((name) => name !== 'ours').join(', ')} (tcp,ws,json,ours-60ms)
  --most <a,b>         whose most calls are looked for (ws,ours); "none"
  --p99 <ms>           calls are carried while the slowest hundredth of frames takes at most so long both ways (10). A shared machine stumbles for
                       longer than that whatever runs on it: 60 asks how many calls fill the core
  --from <n>, --step <n>  where that begins (250), and by how much it goes on (25)
  --quick              two rounds of 4 s, and steps of 50

npm run bench:relay -- gateway: the way through API Gateway. Each frame is a POST, each answer a PostToConnection.

  --calls <a,b,c>      calls at once, one after the other (25,50,75,100,125,150)
  --seconds, --warm    as above
  --post-ms <n>        how long a post takes to be answered (10)
  --posts <who>        who posts: "signed", as deployed, or "sdk" (signed)
  --quick              25,100,150 calls, 4 s each

  --help               this text`;

const whole = (name: string, text: string | undefined, otherwise: number, least: number, most: number): number => {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < least || value > most) throw new BadOption(`--${name} takes a whole number from ${least} to ${most}, not "${text}"`);
  return value;
};

const names = (option: string, text: string): ContenderName[] => {
  if (text === 'none') return [];
  return text.split(',').map((part) => {
    const found = contenders.find(({ name }) => name === part.trim());
    if (!found) throw new BadOption(`--${option}: there is no "${part}"; there are ${contenders.map(({ name }) => name).join(', ')}`);
    return found.name;
  });
};

const texts = ['calls', 'rounds', 'seconds', 'warm', 'against', 'most', 'p99', 'from', 'step', 'post-ms', 'posts'] as const;
const ofDirect = new Set<string>(['calls', 'rounds', 'seconds', 'warm', 'against', 'most', 'p99', 'from', 'step', 'quick']);
const ofGateway = new Set<string>(['calls', 'seconds', 'warm', 'post-ms', 'posts', 'quick']);

const read = (args: string[]) => {
  try {
    return parseArgs({
      args, allowPositionals: true,
      options: { help: { type: 'boolean' }, quick: { type: 'boolean' }, ...Object.fromEntries(texts.map((name) => [name, { type: 'string' } as const])) },
    });
  } catch (error) {
    throw new BadOption(error instanceof Error ? error.message.split('. ')[0] : String(error), { cause: error });
  }
};

/** Frames are numbered by four digits of call, and a machine has so many ports. */
const MOST_CALLS = 3000;

export const readOptions = (args: string[]): RelayBench | GatewayBench | 'help' => {
  const { values, positionals } = read(args);
  const given = values as Record<string, string | boolean | undefined>;
  if (given['help']) return 'help';
  const way = positionals[0] ?? 'direct';
  if (positionals.length > 1 || (way !== 'direct' && way !== 'gateway')) throw new BadOption(`there is no bench "${positionals.join(' ')}"; there is "gateway", and the one without a name`);
  for (const name of Object.keys(given)) if (!(way === 'gateway' ? ofGateway : ofDirect).has(name)) throw new BadOption(`--${name} means nothing to bench:relay${way === 'gateway' ? ' gateway' : ' without "gateway"'}`);
  const text = (name: (typeof texts)[number]): string | undefined => given[name] as string | undefined;
  const quick = given['quick'] === true;
  const seconds = whole('seconds', text('seconds'), quick ? 4 : 8, 1, 600);
  const warmSeconds = whole('warm', text('warm'), quick ? 5 : 8, 1, 60);
  if (way === 'gateway') {
    const calls = (text('calls') ?? (quick ? '25,100,150' : '25,50,75,100,125,150')).split(',').map((part) => whole('calls', part, 0, 1, MOST_CALLS));
    const posts = text('posts') ?? 'signed';
    if (posts !== 'signed' && posts !== 'sdk') throw new BadOption(`--posts takes "signed" or "sdk", not "${posts}"`);
    return { way, calls, seconds, warmSeconds, postMs: whole('post-ms', text('post-ms'), 10, 0, 1000), posts };
  }
  return {
    way, calls: whole('calls', text('calls'), 300, 1, MOST_CALLS), rounds: whole('rounds', text('rounds'), quick ? 2 : 3, 1, 50), seconds, warmSeconds,
    against: names('against', text('against') ?? 'tcp,ws,json,ours-60ms').filter((name) => name !== 'ours'),
    mostP99Ms: whole('p99', text('p99'), 10, 1, 10_000), most: names('most', text('most') ?? 'ws,ours'), from: whole('from', text('from'), 250, 1, MOST_CALLS), step: whole('step', text('step'), quick ? 50 : 25, 1, 500),
  };
};
