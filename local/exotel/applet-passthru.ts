// The Passthru applet: tells a URL what is known about the call, and lets the answer choose between two ways on.
import { passthruParams } from './applet-params.ts';
import type { Flow, Passthru } from './applets.ts';
import { withQuery } from './ask.ts';
import { runs } from './call.ts';
import { askFor, complain, type Next, type Run } from './run.ts';

const onwards = (flow: Flow | undefined): Next => (flow ? { branch: flow } : 'next');

export const runPassthru = async (run: Run, applet: Passthru): Promise<Next> => {
  const { carrier, call } = run;
  const outgoing = { url: withQuery(applet.url, passthruParams(carrier, call)), method: 'GET' };
  if (applet.async) {
    // Its answer means nothing, and it outlives the call.
    runs(carrier, askFor(run, 'passthru', outgoing, carrier.stopping.signal), call);
    return 'next';
  }
  const answer = await askFor(run, 'passthru', outgoing);
  if (answer?.status === 200) return onwards(applet.on200);
  if (answer?.status === 302) return onwards(applet.on302);
  if (answer) complain(run, 'passthru-answer', `passthru was answered with ${answer.status}; 200 and 302 are the two ways on`);
  return 'hang-up';
};

/** The person hung up in the applet before: a Passthru behind it is still told, and nobody minds what it answers. */
export const tellHangUp = (run: Run, applet: Passthru): void => {
  const { carrier, call } = run;
  runs(carrier, askFor(run, 'passthru', { url: withQuery(applet.url, passthruParams(carrier, call)), method: 'GET' }, carrier.stopping.signal), call);
};
