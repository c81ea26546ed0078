// The relay's numbers, each with its unit and why it is what it is. main.ts takes some from the environment; tests shrink others.

export interface RelayOptions {
  /** Calls at once; a stream beyond is told 503, and the carrier asks again by the answer document. */
  capacity: number;
  /** Connections that have not shown a ticket yet, beside the calls. */
  mostPending: number;
  /** A connection without a valid ticket is closed after so long. */
  ticketMs: number;
  /** Frames that a connection may send before its start frame; Twilio sends one. */
  mostFramesBeforeStart: number;
  /** Frames kept while the ticket is being checked: 4 s of Twilio's 20 ms. */
  mostFramesBeforeAdmission: number;
  /** Caller audio kept until the agent is ready. */
  callerKeptMs: number;
  /** Caller audio is sent to the agent in pieces of at least this; more costs that much delay and saves CPU. */
  agentChunkMs: number;
  /** Caller audio is dropped, and counted, while the agent's socket holds more than this: some 10 s of mu-law. */
  mostAgentSocketBytes: number;
  /** A carrier that does not read is let go at this; `aheadMs` keeps audio well under it. */
  mostCarrierSocketBytes: number;
  /** Audio at the carrier that the caller has not heard. No carrier documents a limit; 28 s were seen to work. */
  aheadMs: number;
  /** Agent audio kept here until the carrier may have it; ten minutes are 4.8 MB of mu-law. */
  mostQueuedMs: number;
  /** A mark follows at least so much audio. */
  markEveryMs: number;
  /** An echo later than this counts as lost. */
  lostEchoMs: number;
  /** Agent audio that pauses this long has come to the end of an utterance, as far as cutting is concerned. */
  idleMs: number;
  /** No agent audio for so long after the start: `one-moment` is said. */
  reassureMs: number;
  /** No agent audio for so long after the start: the call ends with a recorded sentence. */
  firstAudioMs: number;
  /** The same while the agent's queue says `waiting`: the caller holds. */
  queueMs: number;
  /** No frame of any kind from the agent: it is dead. ElevenLabs pings every few seconds. */
  agentSilentMs: number;
  /** An error frame that no close follows is taken for the end after this. */
  errorGraceMs: number;
  /** After end_call: so long without more audio or a close, and we close ourselves. */
  endCallMs: number;
  /** After transfer_to_human: so long without more audio, and the caller is put through. A model that has more to say begins within two seconds. */
  transferMs: number;
  /** Added to the computed playout time of last words. */
  lastWordsMarginMs: number;
  /** Last words are never waited for longer than this. */
  lastWordsMs: number;
  /** The talk is ended politely after this (CALL_LIMIT_SECONDS). */
  callLimitMs: number;
  /** The same for calls that we placed: before the carrier cuts them (the policy's limitSeconds). */
  dialledLimitMs: number;
  /** Conversations that are opened after one that broke off, for each bridge. Nothing can be resumed at ElevenLabs: it is a new one, told what was said. */
  mostReopens: number;
  /** One connection is taken over by other tasks so often, and then the caller is told the truth. */
  mostTakeovers: number;
  /** What the agent says first when it comes into a talk that is going on (RESUME_MESSAGE). */
  resumeMessage: string;
  /** The same where nobody took a transfer (NOBODY_FREE_MESSAGE). */
  nobodyFreeMessage: string;
  /** AGENT_OPENS=ringing: how often calls that ring are looked for; each look is a query. */
  ringingLookMs: number;
  /** How often a call is read for which an agent is held. */
  heldLookMs: number;
  /** A held agent hears so much silence each time it has passed. */
  heldBeatMs: number;
  /** Agent audio that is kept for the answer; a greeting is shorter, and whoever talks on talks to nobody. */
  mostHeldAudioMs: number;
  /** An agent is held so long after the answer, for the stream that should come. */
  heldAnsweredMs: number;
  /** How often the record of a call that only the relay can end is looked at for an operator's end. */
  operatorLookMs: number;
  /** How long writing down the end may hold up the end. */
  recordEndMs: number;
  /** Through API Gateway, so much audio is worth a post; less waits for more, for a little less than this. Frames of 20 ms are joined by three. */
  postEveryMs: number;
  /** Base64 of audio in one post: 2.3 s of mu-law, well under the 32 KB of an API Gateway frame. */
  mostPostBytes: number;
  /** A frame that came too early waits so long for the one before it. */
  holdMs: number;
  /** Frames that wait for earlier ones, or for a connection's first; 4 s of Twilio's 20 ms, as before admission. */
  mostFramesHeld: number;
  /** How often a task behind API Gateway says that it lives, and looks at the others. */
  reportMs: number;
  /** Frames of a connection that nobody owns yet are held so long. */
  ownerMs: number;
  /** WebSocket pings to the carrier, for load balancers with idle limits; no sign of life in three of them: dead. */
  pingMs: number;
  /** Between SIGTERM and the handing over of what still talks. */
  drainMs: number;
  /** A call is handed over while nobody speaks to the caller, or after this. */
  handOverGraceMs: number;
  /** After handing over: frames that still come here are passed on for so long. */
  lingerMs: number;
}

export const relayDefaults: RelayOptions = {
  capacity: 60, mostPending: 120, ticketMs: 3000, mostFramesBeforeStart: 20, mostFramesBeforeAdmission: 200,
  callerKeptMs: 2000, agentChunkMs: 20, mostAgentSocketBytes: 128 * 1024, mostCarrierSocketBytes: 2 * 1024 * 1024,
  aheadMs: 30_000, mostQueuedMs: 600_000, markEveryMs: 1000, lostEchoMs: 5000, idleMs: 200,
  reassureMs: 4500, firstAudioMs: 10_000, queueMs: 25_000, agentSilentMs: 30_000, errorGraceMs: 2000,
  endCallMs: 5000, transferMs: 2500, lastWordsMarginMs: 3000, lastWordsMs: 120_000, callLimitMs: 900_000, dialledLimitMs: 900_000, mostReopens: 1, mostTakeovers: 5, resumeMessage: 'Sorry, we were cut off. Please go on.', nobodyFreeMessage: 'I am sorry, nobody is free at the moment.', operatorLookMs: 3000, recordEndMs: 8000,
  ringingLookMs: 500, heldLookMs: 1000, heldBeatMs: 500, mostHeldAudioMs: 30_000, heldAnsweredMs: 10_000,
  postEveryMs: 60, mostPostBytes: 24 * 1024, holdMs: 60, mostFramesHeld: 200, reportMs: 5000, ownerMs: 2000,
  pingMs: 15_000, drainMs: 3000, handOverGraceMs: 4000, lingerMs: 2000,
};
