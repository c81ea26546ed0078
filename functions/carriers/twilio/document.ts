// Renders a call flow as TwiML.
import VoiceResponse from 'twilio/lib/twiml/VoiceResponse.js';
import type { CallFlow } from '#calls/answer-call.ts';
import { callbackUrl, type TwilioAddresses } from './webhook.ts';

export interface DocumentConfig extends TwilioAddresses {
  /** The relay's media socket, ws(s)://…, without a query: Twilio would drop it (error 31920). */
  streamUrl: string;
}

/** How long a key is waited for, once the question was asked. */
const KEY_SECONDS = 6;
/** How long the phones of those who take over may ring; Twilio's own default. */
const TRANSFER_RING_SECONDS = 30;

export const TWIML_TYPE = 'text/xml; charset=utf-8';

/** The document as text, under 64 kB. The ticket rides as a `<Parameter>`, which Twilio hands over in the stream's start frame. */
export const twiml = (flow: CallFlow, config: DocumentConfig): string => {
  const response = new VoiceResponse();
  switch (flow.flow) {
    case 'talk': {
      if (flow.pauseSeconds > 0) response.pause({ length: flow.pauseSeconds });
      // `action` is fetched when the stream ends, whoever ended it: there the call is ended, or given to another relay.
      const connect = response.connect({ action: callbackUrl(config, 'after', flow.attemptId), method: 'POST' });
      const stream = connect.stream({ url: config.streamUrl, statusCallback: callbackUrl(config, 'stream', flow.attemptId), statusCallbackMethod: 'POST' });
      stream.parameter({ name: 'attempt', value: flow.attemptId });
      stream.parameter({ name: 'ticket', value: flow.ticket });
      break;
    }
    case 'ask-key': {
      // Without actionOnEmptyResult, nobody would hear that no key was pressed, and the record would not say so.
      const gather = response.gather({ input: ['dtmf'], numDigits: 1, timeout: KEY_SECONDS, actionOnEmptyResult: true, action: callbackUrl(config, 'gather', flow.attemptId), method: 'POST' });
      gather.say(flow.sentence);
      response.say(flow.otherwise);
      response.hangup();
      break;
    }
    case 'transfer': {
      // With `action`, nothing after it is reached: there the call ends, or goes back to the agent.
      const dial = response.dial({
        action: callbackUrl(config, 'after', flow.attemptId, { transfer: String(flow.epoch) }), method: 'POST', timeout: TRANSFER_RING_SECONDS, answerOnBridge: true,
        ...(flow.callerId === null ? {} : { callerId: flow.callerId }),
      });
      for (const number of flow.numbers) dial.number(number);
      break;
    }
    case 'say-goodbye':
      response.say(flow.sentence);
      response.hangup();
      break;
    case 'hang-up':
      response.hangup();
      break;
  }
  return response.toString();
};
