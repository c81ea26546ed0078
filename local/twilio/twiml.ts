// What a TwiML document may contain: the document runner reads each answer with this, and learns what to warn about.
import { type Element, parseXml, XmlError } from './xml.ts';

export type Notice = { level: 'warning' | 'error'; code: number; message: string };
export type Document = { verbs: Element[]; notices: Notice[] };

/** The document cannot be run at all; `code` is the debugger's number. */
export class DocumentError extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

type Grammar = { attributes: string; children?: Record<string, Grammar>; text?: 'wanted' | 'allowed' };

const say: Grammar = { attributes: 'voice language loop', text: 'wanted', children: Object.fromEntries(
  ['break', 'emphasis', 'lang', 'p', 'phoneme', 'prosody', 's', 'say-as', 'sub', 'w'].map((tag) =>
    [tag, { attributes: 'strength time level xml:lang alphabet ph volume rate pitch interpret-as format alias role', text: 'allowed' } satisfies Grammar])) };
const play: Grammar = { attributes: 'loop digits', text: 'allowed' };
const pause: Grammar = { attributes: 'length' };
const parameter: Grammar = { attributes: 'name value' };
const stream: Grammar = { attributes: 'url name track statusCallback statusCallbackMethod', children: { Parameter: parameter } };
const party = 'statusCallback statusCallbackEvent statusCallbackMethod url method byoc machineDetection machineDetectionTimeout sendDigits';

/** The verbs that this network plays; the rest of TwiML (conferences, queues, payments, SIP …) is refused as unknown. */
const GRAMMAR: Record<string, Grammar> = {
  Say: say,
  Play: play,
  Pause: pause,
  Gather: { attributes: 'input action method timeout speechTimeout maxSpeechTime numDigits finishOnKey hints language partialResultCallback '
    + 'partialResultCallbackMethod profanityFilter bargeIn debug actionOnEmptyResult speechModel enhanced', children: { Say: say, Play: play, Pause: pause } },
  Redirect: { attributes: 'method', text: 'allowed' },
  Connect: { attributes: 'action method', children: { Stream: stream } },
  Start: { attributes: 'action method', children: { Stream: stream } },
  Stop: { attributes: '', children: { Stream: { attributes: 'name' } } },
  Dial: { attributes: 'action method timeout hangupOnStar timeLimit callerId record trim recordingStatusCallback recordingStatusCallbackMethod '
    + 'recordingStatusCallbackEvent answerOnBridge ringTone recordingTrack sequential', text: 'allowed', children: { Number: { attributes: party, text: 'wanted' } } },
  Record: { attributes: 'action method timeout finishOnKey maxLength playBeep trim recordingStatusCallback recordingStatusCallbackMethod '
    + 'recordingStatusCallbackEvent transcribe transcribeCallback' },
  Hangup: { attributes: '' },
  Reject: { attributes: 'reason' },
};

const check = (element: Element, grammar: Grammar, notices: Notice[]): void => {
  const warn = (message: string): void => { notices.push({ level: 'warning', code: 12_200, message }); };
  const known = grammar.attributes.split(' ');
  for (const name of Object.keys(element.attributes)) {
    if (!known.includes(name)) warn(`Schema validation warning: attribute '${name}' is not allowed in element '${element.name}'`);
  }
  if (grammar.text === undefined && element.text.trim() !== '') warn(`Schema validation warning: element '${element.name}' has no text of its own`);
  element.children = element.children.filter((child) => {
    const inner = grammar.children?.[child.name];
    if (!inner) warn(`Schema validation warning: element '${child.name}' is not allowed in '${element.name}'`);
    else check(child, inner, notices);
    return inner !== undefined;
  });
};

/**
 * Reads a document. Unknown attributes and children are warned about (12200) and left out; text that is not XML, another root than
 * `<Response>` and an unknown verb make the whole document fail (12100, 12200), as a caller would notice.
 */
export const readDocument = (text: string): Document => {
  let root: Element;
  try {
    root = parseXml(text);
  } catch (error) {
    if (error instanceof XmlError) throw new DocumentError(12_100, `Document parse failure: ${error.message}`);
    throw error;
  }
  if (root.name !== 'Response') throw new DocumentError(12_100, `Document parse failure: the root element is <${root.name}>, not <Response>`);
  const notices: Notice[] = [];
  if (root.text.trim() !== '') notices.push({ level: 'warning', code: 12_200, message: 'Schema validation warning: <Response> has no text of its own' });
  for (const verb of root.children) {
    const grammar = GRAMMAR[verb.name];
    if (!grammar) throw new DocumentError(12_200, `Schema validation failure: <${verb.name}> is not a verb of <Response> (names are case-sensitive)`);
    check(verb, grammar, notices);
    if (grammar.text === 'wanted' && verb.text.trim() === '' && verb.children.length === 0) {
      notices.push({ level: 'warning', code: 13_520, message: `<${verb.name}> has no text` });
    }
  }
  return { verbs: root.children, notices };
};

/** A whole number from an attribute, or the default when it is absent or out of range. */
export const whole = (element: Element, name: string, otherwise: number, least = 0, most = 86_400): number => {
  const text = element.attributes[name] ?? '';
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  return value >= least && value <= most ? value : otherwise;
};
