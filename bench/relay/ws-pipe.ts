// Contender: messages from one WebSocket to the other as they come, by `ws`. What the relay is measured against.
import { WebSocket, WebSocketServer } from 'ws';
import type { AddressInfo } from 'node:net';
import { agentPort, serve } from './child.ts';

const server: WebSocketServer = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false }, () => serve((server.address() as AddressInfo).port));
server.on('connection', (carrier) => {
  const agent = new WebSocket(`ws://127.0.0.1:${agentPort}/`, { perMessageDeflate: false });
  const early: Buffer[] = [];
  carrier.on('message', (data: Buffer, binary: boolean) => {
    if (agent.readyState === WebSocket.OPEN) agent.send(data, { binary });
    else early.push(data);
  });
  agent.on('open', () => {
    for (const data of early) agent.send(data, { binary: false });
  });
  agent.on('message', (data: Buffer, binary: boolean) => {
    if (carrier.readyState === WebSocket.OPEN) carrier.send(data, { binary });
  });
  for (const [one, other] of [[carrier, agent], [agent, carrier]] as const) {
    one.on('error', () => {});
    one.on('close', () => other.terminate());
  }
});
