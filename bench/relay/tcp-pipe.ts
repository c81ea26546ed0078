// Contender: bytes from one socket to the other, whatever they are. What no bridge can be cheaper than.
import { connect, createServer, type AddressInfo } from 'node:net';
import { agentPort, serve } from './child.ts';

const server = createServer({ noDelay: true }, (carrier) => {
  const agent = connect({ port: agentPort, host: '127.0.0.1', noDelay: true });
  carrier.on('data', (bytes) => agent.write(bytes));
  agent.on('data', (bytes) => carrier.write(bytes));
  for (const [one, other] of [[carrier, agent], [agent, carrier]] as const) {
    one.on('error', () => {});
    one.on('close', () => other.destroy());
  }
});
server.listen(0, '127.0.0.1', () => serve((server.address() as AddressInfo).port));
