// What an agent is told that comes into a talk which is going on: after a conversation that broke off, or a relay that was lost. Used by agent-leg.ts.
import type { Turn } from '#calls/call.ts';

type Line = Pick<Turn, 'role' | 'text'>;

/** Of the transcript, the latest of it: some ten minutes of talk. A longer context costs the first answer time. */
const MOST_CHARS = 8000;

/** The turns as lines, the oldest left out where they are too many; empty when nothing was said. */
export const linesOf = (turns: readonly Line[]): string => {
  const lines: string[] = [];
  let chars = 0;
  for (const { role, text } of turns.toReversed()) {
    chars += text.length;
    if (chars > MOST_CHARS) break;
    // A turn of which nothing was heard says nothing.
    if (text !== '…') lines.unshift(`${role === 'agent' ? 'You' : 'Caller'}: ${text}`);
  }
  return lines.join('\n');
};

/** What became of the line, in the agent's context. */
export const lineBroke = 'The line broke for a moment, and the call goes on now.';
export const nobodyWasFree = 'You put the caller through to a person, nobody was free, and the caller is with you again. Offer that they are called back.';

/** A `contextual_update`: the agent takes it in without answering it. */
export const goingOn = (turns: readonly Line[], happened = lineBroke): string => {
  const lines = linesOf(turns);
  return `${happened} Do not introduce yourself again and do not begin anew; go on where the talk stopped.${lines === '' ? '' : ` This was said so far:\n${lines}`}`;
};
