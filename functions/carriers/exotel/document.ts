// Renders a call flow, and what applets ask for, as Exotel wants it: JSON for applets, text for a greeting, XML for the legacy ExoML.
import type { CallFlow } from '#calls/answer-call.ts';

export interface DocumentConfig {
  /** The address of the media socket with the ticket in it. */
  streamUrl: (ticket: string) => string;
}

export const EXOML_TYPE = 'application/xml; charset=utf-8';
/** Without a charset: the Greeting applet takes `text/plain` "and nothing else". */
export const GREETING_TYPE = 'text/plain';

/** How long the phones of those who take over may ring. */
const TRANSFER_RING_SECONDS = 30;

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/**
 * The flow as legacy ExoML. Nothing confirms that Exotel still fetches XML from an address of ours on ordinary accounts; the applets' JSON is
 * the supported way. Kept for accounts whose set-up does.
 */
export const exoml = (flow: CallFlow, config: DocumentConfig): string => {
  const body = (): string => {
    switch (flow.flow) {
      case 'talk': return `<Connect><Stream url="${escape(config.streamUrl(flow.ticket))}"/></Connect><Hangup/>`;
      // A legacy flow is never asked for keys here; what it would say without one is said.
      case 'ask-key': return `<Say>${escape(flow.otherwise)}</Say><Hangup/>`;
      case 'transfer': return `<Dial timeout="${TRANSFER_RING_SECONDS}">${flow.numbers.map((number) => `<Number>${escape(number)}</Number>`).join('')}</Dial><Hangup/>`;
      case 'say-goodbye': return `<Say>${escape(flow.sentence)}</Say><Hangup/>`;
      case 'hang-up': return '<Hangup/>';
    }
  };
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Response>${body()}</Response>`;
};

/** What the Voicebot applet's dynamic address answers: where the stream goes. Undefined when there is to be none. */
export const voicebot = (flow: CallFlow, config: DocumentConfig): { url: string } | undefined => (flow.flow === 'talk' ? { url: config.streamUrl(flow.ticket) } : undefined);

/** A Passthru applet takes branch A at 200 and branch B at 302: A goes on, to a talk with the agent or a person or to the question for a key, B ends. */
export const passthru = (flow: CallFlow): 200 | 302 => (flow.flow === 'talk' || flow.flow === 'transfer' || flow.flow === 'ask-key' ? 200 : 302);

/** A Gather applet: the key goes to the Passthru that follows it. */
export const gather = (prompt: string) => ({
  gather_prompt: { text: prompt }, max_input_digits: 1, finish_on_key: '#', input_timeout: 6, repeat_menu: 1, repeat_gather_prompt: { text: prompt },
});

/** A Connect applet: the people who take over from the agent, one after the other. An empty list dials nobody, and the flow goes on. */
export const connect = (numbers: readonly string[], outgoing: string | undefined) => ({
  fetch_after_attempt: false, destination: { numbers: [...numbers] }, ...(outgoing === undefined ? {} : { outgoing_phone_number: outgoing }), record: false, max_ringing_duration: TRANSFER_RING_SECONDS,
  music_on_hold: { type: 'operator_tone' },
});
