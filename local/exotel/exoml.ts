// The legacy: "Exotel XML", a document of verbs that a URL answers with. Ordinary accounts of today have no such thing; see README.
import { type Element, parseXml, XmlError } from '#local/twilio/xml.ts';
import type { Exoml } from './applets.ts';
import { withQuery } from './ask.ts';
import { tell } from './call.ts';
import { type Document, type Go, VERBS } from './exoml-verbs.ts';
import { national } from './numbers.ts';
import { askFor, complain, type Next, type Run } from './run.ts';

/** A document that sends itself round in circles is stopped here. */
const DOCUMENTS_MAX = 100;

const fetchDocument = async (run: Run, go: Go): Promise<Document | null> => {
  const { call } = run;
  const params = { CallSid: call.sid, From: national(call.number), To: national(call.exophone), CallStatus: call.status, Direction: call.direction,
    ...(call.request.customField === null ? {} : { CustomField: call.request.customField }), ...go.params };
  const answer = await askFor(run, 'exoml', go.method === 'GET' ? { url: withQuery(go.url, params), method: 'GET' }
    : { url: go.url, method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams(params).toString() });
  if (!answer) return null;
  const wrong = (why: string): null => {
    complain(run, 'exoml-answer', `exoml: ${why}`);
    return null;
  };
  if (answer.status !== 200) return wrong(`the answer's status is ${answer.status}`);
  if (!/^(?:application|text)\/xml\b/i.test(answer.contentType ?? '')) return wrong(`the answer is ${answer.contentType ?? 'of no type'}, not application/xml`);
  let root: Element;
  try {
    root = parseXml(answer.body.toString('utf8'));
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    return wrong(`the document is not XML (${error.message})`);
  }
  if (root.name !== 'Response') return wrong(`the document's root is ${root.name}, not Response`);
  const stranger = root.children.find((verb) => !VERBS[verb.name]);
  if (stranger) return wrong(`the document has a verb <${stranger.name}>, which is none of ${Object.keys(VERBS).join(', ')}`);
  return { url: go.url, verbs: root.children };
};

/** Runs the document, and those that its actions lead to. What is behind the last verb is the next applet. */
export const runExoml = async (run: Run, applet: Exoml): Promise<Next> => {
  let go: Go | null = { url: applet.url, method: applet.method ?? 'GET', params: {} };
  for (let count = 0; go && count < DOCUMENTS_MAX; count += 1) {
    const document = await fetchDocument(run, go);
    if (!document) return 'hang-up';
    go = null;
    for (const element of document.verbs) {
      tell(run.carrier, run.call, 'verb', element.name);
      const next = await VERBS[element.name]?.(run, element, document);
      run.signal.throwIfAborted();
      if (next === 'hang-up') return 'hang-up';
      if (next && next !== 'next') {
        go = next;
        break;
      }
    }
  }
  return 'next';
};
