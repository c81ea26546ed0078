// `npm run bench:relay`: what a frame costs in the relay, how long it takes and how many calls fit on a core, beside bridges that do less. See --help.
import { gatewayRounds } from './relay/gateway-rounds.ts';
import { BadOption, help, readOptions } from './relay/options.ts';
import { machine, pinLoad } from './relay/machine.ts';
import { mostCalls } from './relay/most-calls.ts';
import { rounds } from './relay/rounds.ts';

const main = async (): Promise<number> => {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') {
    console.log(help);
    return 0;
  }
  pinLoad();
  console.log(machine());
  if (options.way === 'gateway') return await gatewayRounds(options) ? 0 : 1;
  const concluded = await rounds(options);
  if (options.most.length > 0) await mostCalls(options);
  return concluded ? 0 : 1;
};

main().then((code) => process.exit(code), (error: unknown) => {
  if (error instanceof BadOption) {
    process.stderr.write(`${error.message}. --help says what there is.\n`);
    process.exit(2);
  }
  throw error;
});
