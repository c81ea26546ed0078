/** A customer's endpoint for post-call webhooks: keeps what came, answers with the statuses that it was given, then 200. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export type Delivery = { signature: string; body: string };

export const webhookReceiver = async (statuses: readonly number[] = []): Promise<{ url: string; deliveries: Delivery[]; next(): Promise<Delivery> }> => {
  const deliveries: Delivery[] = [];
  const waiting: (() => void)[] = [];
  let taken = 0;
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (piece: string) => (body += piece));
    request.on('end', () => {
      response.writeHead(statuses[deliveries.length] ?? 200).end();
      deliveries.push({ signature: String(request.headers['elevenlabs-signature']), body });
      waiting.splice(0).forEach((go) => go());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const next = async (): Promise<Delivery> => {
    for (;;) {
      const delivery = deliveries[taken];
      if (delivery) {
        taken += 1;
        return delivery;
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, deliveries, next };
};
