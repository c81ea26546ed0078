// Used by the gateway's tests: a gateway on a free port that stops by itself, and a raw socket to say to it what fetch would not.
import { connect } from 'node:net';
import { onTestFinished } from 'vitest';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { startGateway, type Gateway, type GatewayOptions, type LogEntry } from '#local/gateway/server.ts';
import type { HttpHandler, Route } from '#local/gateway/routes.ts';

export interface Listening extends Gateway { logged: LogEntry[] }

export const gateway = async (options: Partial<GatewayOptions>): Promise<Listening> => {
  const logged: LogEntry[] = [];
  const started = await startGateway({ port: 0, routes: [], log: (entry) => logged.push(entry), ...options });
  onTestFinished(() => started.stop());
  return { ...started, logged };
};

export const route = (method: Route['method'], path: string, handler: HttpHandler, name = 'tested'): Route => ({ method, path, handler, name });

/** A handler that answers with the event it was given. */
export const echo: HttpHandler = async (event) => ({ statusCode: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(event) });

export const eventOf = async (response: Response): Promise<APIGatewayProxyEventV2> => await response.json() as APIGatewayProxyEventV2;

/** Sends bytes as they are and gives back all that comes until the other side closes. */
export const raw = (port: number, text: string | Buffer): Promise<string> => new Promise((resolve, reject) => {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', reject);
  socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
  socket.write(text);
});
