// Run by the tests as a part: says it is ready in the way that its argument names, and does as told.
import { dieWithParent, tellReady } from '#local/process/parent.ts';

const [how] = process.argv.slice(2);
dieWithParent();
setInterval(() => {}, 1_000);
if (how === 'stubborn') process.on('SIGTERM', () => {});
if (how === 'orderly') process.on('SIGTERM', () => { process.stdout.write('goodbye\n', () => process.exit(0)); });
if (how === 'broken') { process.stderr.write('no configuration\n'); process.exitCode = 3; process.exit(); }
process.stdout.write('listening on 1234\n');
if (how !== 'silent') tellReady({ port: 1234, given: process.env['GIVEN'] });
