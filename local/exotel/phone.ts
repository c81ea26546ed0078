// A telephone that somebody picks up: opens the line and lets its person begin. Asked for the first leg of a call and for those that Connect dials.
import { type Caller, createCaller } from '#local/people/caller.ts';
import { type Line, openLine } from '#local/people/line.ts';
import type { Story } from '#local/people/stories.ts';
import { type Call, type Carrier, runs } from './call.ts';

/** `leg` counts from 1. `hangUp` is called when the person hangs up, not when the line is closed. */
export const pickUp = (carrier: Carrier, call: Call, leg: number, of: { number: string; story: Story }, hangUp: () => void): { line: Line; caller: Caller } => {
  const { settings } = carrier;
  const caller = createCaller(settings.voice);
  const line = openLine(settings.clock, caller);
  const script = settings.caller({ callSid: call.sid, number: of.number, leg }) ?? of.story.person;
  runs(carrier, caller.follow(line, script, hangUp), call);
  return { line, caller };
};
