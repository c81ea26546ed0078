// The agent that every call is bridged to: signed URLs, conversations, and a voice that never pauses. Made by load.ts; speaks the public protocol by hand.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { audioIn, frame, frameReader, setDigits, textFrame, FRAME_NUMBER, payloadOf, type Form } from './frames.ts';

export interface AgentLeg {
  /** Sends the next 20 ms of its voice. */
  speak(number: number): void;
  /** What else an agent says, now and then: a ping, and the words of both. */
  chat(): void;
}

export interface AgentHandlers {
  /** The first audio of this call arrived: its agent is found. */
  met(call: number, leg: AgentLeg): void;
  heard(call: number, number: number): void;
}

const metadata = textFrame(JSON.stringify({ type: 'conversation_initiation_metadata', conversation_initiation_metadata_event: { conversation_id: 'conv_1', agent_output_audio_format: 'ulaw_8000', user_input_audio_format: 'ulaw_8000' } }), false);

const legOf = (socket: Socket, call: number): AgentLeg => {
  const text = `{"audio_event":{"audio_base_64":"${payloadOf(call)}","event_id":1},"type":"audio"}`;
  const form: Form = { bytes: textFrame(text, false), maskedFrom: undefined };
  const at = form.bytes.indexOf('RINGBACK') + FRAME_NUMBER.at;
  let turn = 0;
  return {
    speak: (number) => {
      // The kernel did not take the last one yet: it must not be changed under it.
      if (socket.writableLength > 0) form.bytes = Buffer.from(form.bytes);
      setDigits(form, at, FRAME_NUMBER.digits, number);
      socket.write(form.bytes);
    },
    chat: () => {
      turn++;
      socket.write(Buffer.concat([
        { type: 'ping', ping_event: { event_id: turn, ping_ms: 20 } },
        { type: 'user_transcript', user_transcription_event: { user_transcript: `What would that cost, for the ${turn}th time?`, event_id: turn } },
        { type: 'agent_response', agent_response_event: { agent_response: `Somebody will tell you that tomorrow, number ${turn}.`, event_id: turn } },
      ].map((message) => textFrame(JSON.stringify(message), false))));
    },
  };
};

export const startAgents = async (on: AgentHandlers): Promise<{ port: number; stop: () => void }> => {
  const sockets = new Set<Socket>();
  const http = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ signed_url: `ws://${request.headers.host}/v1/convai/conversation?agent_id=bench&conversation_signature=s` }));
  });
  http.on('upgrade', (request, duplex) => {
    const socket = duplex as Socket;
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
    let met = false;
    const heard = (call: number, number: number): void => {
      if (!met) on.met(call, legOf(socket, call));
      met = true;
      on.heard(call, number);
    };
    const read = frameReader((bytes, start, end) => {
      if (!audioIn(bytes, start, end, heard) && bytes.toString('latin1', start, end).includes('conversation_initiation_client_data')) socket.write(metadata);
    }, (opcode, payload) => {
      if (opcode === 0x9) socket.write(frame(0xa, payload, false));
      if (opcode === 0x8) socket.end(frame(0x8, payload, false));
    });
    socket.on('data', read);
  });
  http.listen(0, '127.0.0.1');
  await new Promise((resolve) => {
    http.once('listening', resolve);
  });
  return {
    port: (http.address() as AddressInfo).port,
    stop: () => {
      for (const socket of sockets) socket.destroy();
      http.close();
      http.closeAllConnections();
    },
  };
};
