// Contender: the bridge that one writes first, JSON.parse on the way in and JSON.stringify on the way out. With DECODES it also takes the caller's
// base64 apart and puts it together again, as ElevenLabs' example for Twilio and Node does.
import { WebSocket, WebSocketServer } from 'ws';
import type { AddressInfo } from 'node:net';
import { agentPort, serve } from './child.ts';

interface CarrierFrame { event: string; media?: { payload: string }; start?: { streamSid: string } }
interface AgentFrame { type: string; audio_event?: { audio_base_64: string }; ping_event?: { event_id: number } }

const decodes = process.env['DECODES'] === '1';
const server: WebSocketServer = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false }, () => serve((server.address() as AddressInfo).port));

server.on('connection', (carrier) => {
  const agent = new WebSocket(`ws://127.0.0.1:${agentPort}/`, { perMessageDeflate: false });
  const early: string[] = [];
  let streamSid = '';
  agent.on('open', () => {
    for (const text of early) agent.send(text);
  });
  carrier.on('message', (data: Buffer) => {
    const frame = JSON.parse(data.toString()) as CarrierFrame;
    switch (frame.event) {
      case 'start':
        streamSid = frame.start!.streamSid;
        break;
      case 'media': {
        const { payload } = frame.media!;
        const text = JSON.stringify({ user_audio_chunk: decodes ? Buffer.from(payload, 'base64').toString('base64') : payload });
        if (agent.readyState === WebSocket.OPEN) agent.send(text);
        else early.push(text);
        break;
      }
      case 'stop':
        agent.close();
        break;
      default:
    }
  });
  agent.on('message', (data: Buffer) => {
    const frame = JSON.parse(data.toString()) as AgentFrame;
    switch (frame.type) {
      case 'audio':
        if (carrier.readyState === WebSocket.OPEN) carrier.send(JSON.stringify({ event: 'media', streamSid, media: { payload: frame.audio_event!.audio_base_64 } }));
        break;
      case 'interruption':
        carrier.send(JSON.stringify({ event: 'clear', streamSid }));
        break;
      case 'ping':
        agent.send(JSON.stringify({ type: 'pong', event_id: frame.ping_event!.event_id }));
        break;
      default:
    }
  });
  for (const [one, other] of [[carrier, agent], [agent, carrier]] as const) {
    one.on('error', () => {});
    one.on('close', () => other.terminate());
  }
});
