// Used by the whole-stack tests: `npm start` between another fake Twilio and another fake ElevenLabs, and people who ask to be called.
import { noise } from '#doubles/other-sound.ts';
import { otherElevenLabs, politeScript, type OtherElevenLabs, type Script } from '#doubles/other-elevenlabs.ts';
import { otherTwilio, type OtherTwilio, type OtherTwilioOptions, type Phone } from '#doubles/other-twilio.ts';
import type { OtherCall } from '#doubles/other-twilio-call.ts';
import { fresh, startStack, type Stack, type StackOptions } from './stack.ts';
import { until } from './until.ts';

/** DESIGN §1, as a client of the API would type it. */
export interface CallSeen {
  callId: string; attemptId: string; carrier: string; callSid: string; direction: string; from: string; to: string; status: string; endReason: string | null;
  startedAt: string | null; answeredAt: string | null; endedAt: string | null; durationSeconds: number | null; conversationId: string | null; voiceId: string | null;
  transcript: { role: string; text: string; at: string }[]; recordingUrl: string | null; answeredBy: string | null; cost: string | null;
  latency: { enquiryToDialMs: number | null; answerToFirstAudioMs: number | null; turnMs: number[] };
}
export interface LeadSeen {
  leadId: string; name: string; phone: string; status: string; disposition: string | null; summary: string | null; createdAt: string; timeZone: string | null;
  consent: { text: string; textHash: string; at: string; ip: string; userAgent: string; formUrl: string | null };
  attempts: { attemptId: string; carrier: string; state: string; dueAt: string; reason: string | null; decision: unknown; callId: string | null }[];
  calls: CallSeen[];
  timeline: { at: string; event: string; detail: string | null }[];
}

export interface Person {
  leadId: string;
  phone: string;
  name: string;
  lead: () => Promise<LeadSeen>;
  /** Waits until the lead's record is as wanted. */
  until: (what: string, holds: (lead: LeadSeen) => boolean, withinMs?: number) => Promise<LeadSeen>;
  /** What the fake carrier made of it; waits for it. */
  call: () => Promise<OtherCall>;
}

export interface World {
  twilio: OtherTwilio;
  agent: OtherElevenLabs;
  stack: Stack;
  /** Somebody asks to be called: `phone` says what their telephone does, `agent` what the agent does. */
  ask: (who?: { phone?: Phone; agent?: Script; number?: string }) => Promise<Person>;
  /** A number and a name that nobody has had yet. */
  somebody: () => { phone: string; name: string };
  restart: () => Promise<void>;
  /** Ends everything. Rejects when npm start did not end well, or when anything was done against a protocol meanwhile. */
  end: () => Promise<void>;
}

export const startWorld = async (options: { twilio?: OtherTwilioOptions; stack?: StackOptions; agent?: Script } = {}): Promise<World> => {
  const twilio = await otherTwilio(options.twilio);
  const agent = await otherElevenLabs(options.agent ?? politeScript(noise(4800, 1)));
  const stackOptions: StackOptions = {
    ...options.stack,
    env: {
      TWILIO_API_BASE_URL: twilio.url, TWILIO_ACCOUNT_SID: twilio.accountSid, TWILIO_AUTH_TOKEN: twilio.authToken, TWILIO_PHONE_NUMBER: twilio.number,
      ELEVENLABS_API_BASE_URL: agent.url, ELEVENLABS_API_KEY: agent.apiKey, ELEVENLABS_AGENT_ID: agent.agentId, ...options.stack?.env,
    },
  };
  let people = 0;
  const world: World = {
    twilio, agent, stack: await startStack(stackOptions),
    somebody: () => {
      people++;
      return { phone: `+1202555${String(2000 + people)}`, name: `Caller ${people} O'Neill & <Sons>` };
    },
    ask: async ({ phone: telephone, agent: script, number } = {}) => {
      const { name, ...made } = world.somebody();
      const phone = number ?? made.phone;
      if (telephone) twilio.phones.set(phone, telephone);
      if (script) agent.scripts.set(name, script);
      const answer = await fetch(`${world.stack.base}/enquire`, { method: 'POST', headers: { 'content-type': 'application/json', ...fresh }, body: JSON.stringify({ name, phone, consent: true, interest: 'a "callback" & more' }) });
      const body = await answer.json() as { ok: boolean; leadId: string };
      if (answer.status !== 202) throw new Error(`POST /enquire answered ${answer.status}: ${JSON.stringify(body)}`);
      const lead = async (): Promise<LeadSeen> => (await world.stack.api(`/api/leads/${body.leadId}`)).body as LeadSeen;
      return {
        leadId: body.leadId, phone, name, lead,
        until: async (what, holds, withinMs) => {
          let last: LeadSeen | undefined;
          try {
            return await until(what, async () => {
              last = await lead();
              return holds(last) && last;
            }, withinMs);
          } catch (error) {
            throw new Error(`${(error as Error).message}; the record: ${JSON.stringify(last)}; faults: ${JSON.stringify([twilio.faults, agent.faults])}`, { cause: error });
          }
        },
        call: () => until(`the carrier is asked for ${phone}`, () => twilio.calls.find(({ to }) => to === phone)),
      };
    },
    restart: async () => {
      world.stack = await startStack({ ...stackOptions, directory: world.stack.directory, port: world.stack.port, relayPort: world.stack.relayPort });
    },
    end: async () => {
      await world.stack.stop();
      await twilio.stop();
      await agent.stop();
      const faults = [...twilio.faults, ...twilio.calls.flatMap(({ lines }) => lines.flatMap((line) => line.faults)), ...agent.faults];
      if (faults.length > 0) throw new Error(`against the protocol: ${faults.join('; ')}`);
    },
  };
  return world;
};
