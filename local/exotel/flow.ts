// Runs a call's flow from its first applet to its last, then hangs up. Asked by the switch once the call is answered.
import { LineOver } from '#local/people/line.ts';
import { runConnect } from './applet-connect.ts';
import { runGather } from './applet-gather.ts';
import { runPassthru, tellHangUp } from './applet-passthru.ts';
import { runGreeting } from './applet-speak.ts';
import { runStream, runVoicebot } from './applet-voicebot.ts';
import type { Applet, Flow } from './applets.ts';
import { type Call, type Carrier, tell } from './call.ts';
import { endCall } from './call-life.ts';
import { runExoml } from './exoml.ts';
import type { Next, Run } from './run.ts';

const runApplet = (run: Run, applet: Applet): Promise<Next> | Next => {
  switch (applet.applet) {
    case 'greeting': return runGreeting(run, applet);
    case 'passthru': return runPassthru(run, applet);
    case 'gather': return runGather(run, applet);
    case 'connect': return runConnect(run, applet);
    case 'voicebot': return runVoicebot(run, applet);
    case 'stream': return runStream(run, applet);
    case 'exoml': return runExoml(run, applet);
    case 'hangup': return 'hang-up';
  }
};

/** Never rejects because the call ended in between: then a Passthru right behind a Voicebot or Connect is still told. */
export const runFlow = async (carrier: Carrier, call: Call): Promise<void> => {
  const { line } = call;
  if (!line) return;
  const run: Run = { carrier, call, line, signal: call.over.signal };
  let flow: Flow = call.request.flow;
  for (let at = 0; at < flow.length; at += 1) {
    const applet = flow[at] as Applet;
    tell(carrier, call, 'applet', applet.applet);
    try {
      const next = await runApplet(run, applet);
      run.signal.throwIfAborted();
      if (next === 'hang-up') break;
      if (next !== 'next') [flow, at] = [next.branch, -1];
    } catch (error) {
      if (!run.signal.aborted && !(error instanceof LineOver)) {
        endCall(carrier, call, 'failed', 'carrier', 'simulator fault');
        throw error;
      }
      const behind = flow[at + 1];
      if (call.endedBy === 'caller' && (applet.applet === 'voicebot' || applet.applet === 'connect') && behind?.applet === 'passthru') tellHangUp(run, behind);
      return;
    }
  }
  endCall(carrier, call, 'completed', 'flow', 'the flow ended');
};
