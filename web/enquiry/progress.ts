// Called by the enquiry page with what the server says of the enquiry: which step it is at, and one honest sentence about it. Pure.
import type { CallStatus, LeadStatus, Progress } from '../api.ts';
import { whenInWords, type Reader } from '../when.ts';

export const steps = ['Received', 'Calling you', 'Ringing', 'Talking', 'Done'] as const;

/** `stopped`: it got no further than this. */
export type StepState = 'done' | 'current' | 'stopped' | 'ahead';

export interface ProgressView {
  steps: StepState[];
  headline: string;
  detail: string | null;
  /** Nothing more will happen by itself. */
  final: boolean;
  tone: 'busy' | 'waiting' | 'good' | 'ended';
}

const finalStatuses: readonly LeadStatus[] = ['reached', 'unreachable', 'refused', 'do-not-call'];
export const isFinal = (status: LeadStatus): boolean => finalStatuses.includes(status);

const at = (position: number, state: 'current' | 'stopped'): StepState[] =>
  steps.map((_, index) => (index < position ? 'done' : index === position ? state : 'ahead'));
const allDone = (): StepState[] => steps.map(() => 'done');

/** How far a call got that ended with this word. */
const reachedStep = (status: CallStatus | null): number =>
  status === 'no-answer' || status === 'ringing' ? 2 : status === 'completed' || status === 'in-progress' ? 3 : 1;

/** What a call came to, said of the one before the next, or of the last. */
const endOfCall = (status: CallStatus | null): string | null => {
  switch (status) {
    case 'busy': return 'Your line was busy.';
    case 'no-answer': return 'It rang, but nobody answered.';
    case 'failed': return 'The phone network could not reach your number.';
    case 'canceled': return 'The call was cancelled.';
    case 'completed': return 'The call ended before we could talk.';
    case 'queued': case 'initiated': case 'ringing': case 'in-progress': case null: return null;
  }
};

const asSentence = (text: string | null): string | null => {
  const trimmed = text?.trim() ?? '';
  if (!trimmed) return null;
  const capital = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
};

const join = (...parts: (string | null)[]): string | null => parts.filter(Boolean).join(' ') || null;

const underWay = (callStatus: CallStatus | null): ProgressView => {
  const ended = endOfCall(callStatus);
  if (ended && callStatus !== 'completed') {
    return { steps: at(1, 'current'), headline: 'We are calling you again.', detail: ended, final: false, tone: 'busy' };
  }
  switch (callStatus) {
    case 'ringing': return { steps: at(2, 'current'), headline: 'Your phone is ringing.', detail: 'Please pick up: it is us.', final: false, tone: 'busy' };
    case 'in-progress': return talking;
    case 'completed': return { ...talking, headline: 'The call is over.', detail: 'We are writing down what came of it.' };
    case 'queued': case 'initiated': case 'busy': case 'no-answer': case 'failed': case 'canceled': case null: default:
      return { steps: at(1, 'current'), headline: 'We are calling you.', detail: 'The phone network is connecting the call. Keep your phone near.', final: false, tone: 'busy' };
  }
};

const talking: ProgressView = {
  steps: at(3, 'current'), headline: 'You are talking with us.', detail: 'Press 9 at any time if you want no more calls.', final: false, tone: 'busy',
};

const scheduled = ({ callStatus, dueAt, reason }: Progress, now: Date, reader: Reader): ProgressView => {
  const due = dueAt === null ? null : new Date(dueAt);
  const when = due && due.getTime() > now.getTime() ? whenInWords(due.toISOString(), now, reader) : null;
  const before = endOfCall(callStatus);
  const again = before ? ' again' : '';
  // Until its time, a repeat shows where the last call stopped; a first call has only been received.
  return {
    steps: before ? at(reachedStep(callStatus), 'stopped') : at(0, 'current'),
    headline: when ? `We will call you${again} ${when}.` : due ? `We will call you${again} any moment now.` : `We will call you${again} later.`,
    detail: join(before, asSentence(reason)), final: false, tone: 'waiting',
  };
};

/** What to show for this answer at this moment. Words that a newer server might use are shown as an enquiry under way. */
export const progressView = (progress: Progress, now: Date, reader: Reader): ProgressView => {
  const { status, callStatus } = progress;
  const reason = asSentence(progress.reason);
  switch (status) {
    case 'new': return { steps: at(0, 'current'), headline: 'We have your enquiry.', detail: 'Your phone is about to ring. Keep it near.', final: false, tone: 'busy' };
    case 'scheduled': return scheduled(progress, now, reader);
    case 'dialling': return underWay(callStatus);
    case 'in-call': return underWay(callStatus === 'completed' ? 'completed' : 'in-progress');
    case 'reached': return { steps: allDone(), headline: 'We have talked. Thank you.', detail: reason, final: true, tone: 'good' };
    case 'unreachable': return {
      steps: at(reachedStep(callStatus), 'stopped'), headline: endOfCall(callStatus) ?? 'We could not call you.',
      detail: join(reason, callStatus === 'failed' ? 'Please check the number.' : null, 'We will not try again by ourselves. You can send a new enquiry.'),
      final: true, tone: 'ended',
    };
    case 'refused': return {
      steps: at(0, 'stopped'), headline: 'We may not call this number.', detail: reason ?? 'Our rules for calling do not allow it.', final: true, tone: 'ended',
    };
    case 'do-not-call': return {
      steps: at(reachedStep(callStatus) === 3 ? 3 : 0, 'stopped'), headline: 'We will not call you.',
      detail: reason ?? 'This number has asked for no calls from us, and we keep to that.', final: true, tone: 'ended',
    };
    default: return { steps: at(0, 'current'), headline: 'Your enquiry is under way.', detail: reason, final: false, tone: 'busy' };
  }
};

/**
 * Milliseconds until the next question, null when there is nothing left to learn. About every second while something happens,
 * slower the longer nothing does (`unchangedMs`); a call that is scheduled is asked about rarely until its time comes.
 */
export const nextQuestionMs = (progress: Progress, unchangedMs: number, now: Date): number | null => {
  if (isFinal(progress.status)) return null;
  if (progress.status === 'scheduled' && progress.dueAt !== null) {
    const untilDue = new Date(progress.dueAt).getTime() - now.getTime();
    // Somebody at the console may call earlier: a page that was just left open soon sees it.
    if (untilDue > 0) return Math.min(unchangedMs < 10 * 60_000 ? 10_000 : 30_000, Math.max(1000, untilDue));
  }
  if (unchangedMs < 60_000) return 1000;
  return unchangedMs < 10 * 60_000 ? 3000 : 15_000;
};

