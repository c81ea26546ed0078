// Called by the bundle tests: what lies outside the functions, on one loopback port: SQS and EventBridge Scheduler, and Twilio's REST.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll } from 'vitest';

export interface Outside {
  url(): string;
  /** Bodies sent to the dial queue. */
  sent: string[];
  /** Nudges sent to the outbox's queue. */
  nudges: { leadId: string; group: string }[];
  /** Schedules by name, as they were last asked for. */
  schedules: string[];
  /** Forms that asked Twilio for a call. */
  dialled: URLSearchParams[];
}

export const withOutside = (callSid: string): Outside => {
  let url = '';
  const outside: Outside = { url: () => url, sent: [], nudges: [], schedules: [], dialled: [] };
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece)).on('end', () => {
      const body = Buffer.concat(pieces).toString();
      const answer = (status: number, value: unknown): void => void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
      if (request.headers['x-amz-target'] === 'AmazonSQS.SendMessage') {
        const { MessageBody, QueueUrl, MessageGroupId } = JSON.parse(body) as { MessageBody: string; QueueUrl: string; MessageGroupId: string };
        if (QueueUrl.endsWith('.fifo')) outside.nudges.push({ leadId: (JSON.parse(MessageBody) as { leadId: string }).leadId, group: MessageGroupId });
        else outside.sent.push(MessageBody);
        return answer(200, { MessageId: 'm', MD5OfMessageBody: createHash('md5').update(MessageBody).digest('hex') });
      }
      if (request.url?.startsWith('/schedules/')) {
        outside.schedules.push(`${request.method} ${decodeURIComponent(request.url)}`);
        return answer(request.method === 'DELETE' ? 404 : 200, request.method === 'DELETE' ? { Message: 'none', __type: 'ResourceNotFoundException' } : { ScheduleArn: 'arn:aws:scheduler:eu-west-1:123456789012:schedule/g/n' });
      }
      if (request.method === 'POST' && request.url?.endsWith('/Calls.json')) {
        const form = new URLSearchParams(body);
        outside.dialled.push(form);
        return answer(201, { sid: callSid, status: 'queued', to: form.get('To') });
      }
      answer(404, { code: 20404, message: `nobody answers ${request.method} ${request.url}` });
    });
  });
  beforeAll(async () => {
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => { server.close(resolve); });
  });
  return outside;
};
