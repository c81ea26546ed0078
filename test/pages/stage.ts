// Called by the page tests: a scripted server that speaks the pages' HTTP contract on a free port, and remembers what it was asked.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import type { Lead, LeadSummary, Progress } from '../../web/api.ts';
import type { AuditEntry, DiallingPosition, ListedSuppression, Stats } from '../../web/console/api.ts';
import { buildSite } from '../../web/build.ts';

export interface Received { path: string; type: string; key: string; body: string }
export interface Reply { status: number; body: unknown; headers?: Record<string, string> }

/** What the server does next; tests change it as they go. */
export interface Script {
  /** Answers of POST /enquire, first to last; the last one stays. `drop` takes the request and cuts the line. */
  enquire: (Reply | 'drop')[];
  /** The state of every lead that the enquiry page asks about; a reply for what is not a state, `drop` for a cut line. */
  progress: Omit<Progress, 'leadId' | 'updatedAt'> | Reply | 'drop';
  token: string;
  leads: LeadSummary[];
  pageSize: number;
  lead: Record<string, Lead>;
  endCall: Reply;
  dialling: DiallingPosition;
  suppressions: ListedSuppression[];
  trail: AuditEntry[];
  stats: Stats;
  /** What /sign-in.json says; null for the file as it was built. Its address may be fetched from, as in AWS. */
  signIn: { signInUrl: string; clientId: string; signedIn: string } | null | 'missing';
}

export interface Stage {
  url: string;
  script: Script;
  /** Requests that were not for files, in order. */
  received: Received[];
  /** The POST /enquire among them. */
  enquiries: () => Received[];
  /** While held, POST /enquire is not answered. Call the result to let go. */
  hold: () => () => void;
  close: () => Promise<void>;
}

export const CSP = "default-src 'self'; connect-src 'self'; style-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";
export const LEAD_ID = 'lead_01JD6Y7Q8R9S0T1V2W3X4Y5Z6A';

export const problem = (status: number, code: string, detail: string, errors: { field: string; message: string }[] = [], headers: Record<string, string> = {}): Reply => ({
  status, headers: { 'content-type': 'application/problem+json', ...headers },
  body: { type: `https://ringback.example/problems/${code}`, title: 'That did not work', status, code, detail, errors },
});

export const accepted: Reply = { status: 202, headers: { location: `/enquire/${LEAD_ID}` }, body: { ok: true, leadId: LEAD_ID, status: 'new' } };
const spread = { count: 3, median: 640, p95: 1810 };
export const statsOf = (byStatus: Record<string, number>): Stats => ({
  from: '2026-05-27T09:30:00.000Z', to: '2026-06-03T09:30:00.000Z', leads: { total: 12, byStatus, byDisposition: { interested: 7, 'do-not-call': 1 } },
  calls: { total: 15, byDirection: { outbound: 15 }, byStatus: { completed: 11, 'no-answer': 4 }, byEndReason: { 'agent-ended': 9, 'caller-hung-up': 2 } },
  latency: { enquiryToDialMs: spread, answerToFirstAudioMs: spread, turnMs: { count: 0, median: null, p95: null } }, truncated: false,
});
export const freshScript = (): Script => ({
  enquire: [accepted], progress: { status: 'new', callStatus: null, dueAt: null, reason: null },
  token: 'open-sesame', leads: [], pageSize: 20, lead: {}, endCall: { status: 202, body: { ok: true } }, signIn: null,
  dialling: { dialling: true, at: null, by: null, policyKillSwitch: false }, suppressions: [], trail: [], stats: statsOf({}),
});

const types: Readonly<Record<string, string>> = { '.html': 'text/html; charset=utf-8', '.css': 'text/css', '.js': 'text/javascript', '.svg': 'image/svg+xml', '.json': 'application/json' };

const readBody = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};

const send = (response: ServerResponse, { status, body, headers = {} }: Reply): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
};

export const raiseStage = async (words: Parameters<typeof buildSite>[1] = {}): Promise<Stage> => {
  const directory = await mkdtemp(join(tmpdir(), 'ringback-pages-'));
  await buildSite(directory, words);
  const stage = { script: freshScript(), received: [] as Received[] };
  let held: Promise<void> | undefined;

  const file = async (path: string, response: ServerResponse): Promise<void> => {
    const name = path === '/' ? 'index.html' : extname(path) ? path.slice(1) : `${path.slice(1)}.html`;
    const known = ['index.html', 'console.html', 'enquiry.css', 'console.css', 'enquiry.js', 'console.js', 'favicon.svg', 'site.json'].includes(name);
    const { signIn } = stage.script;
    if (name === 'sign-in.json' && signIn !== 'missing') { send(response, { status: 200, body: signIn ?? {} }); return; }
    if (!known) { send(response, problem(404, 'not-found', 'No such page.')); return; }
    response.writeHead(200, { 'content-type': types[extname(name)], 'content-security-policy': typeof signIn === 'object' && signIn ? CSP.replace("connect-src 'self'", `$& ${signIn.signInUrl}`) : CSP, 'x-content-type-options': 'nosniff' }).end(await readFile(join(directory, name)));
  };

  const api = (url: URL, method: string, request: IncomingMessage): Reply => {
    const { script } = stage;
    if (request.headers.authorization !== `Bearer ${script.token}`) return problem(401, 'bad-token', 'This needs a token.');
    if (method === 'POST' && /^\/api\/calls\/[^/]+\/end$/.test(url.pathname)) return script.endCall;
    const fixed: Record<string, unknown> = {
      '/api/switch': script.dialling, '/api/suppressions': { suppressions: script.suppressions, cursor: null }, '/api/audit': { entries: script.trail, cursor: null }, '/api/stats': script.stats,
    };
    if (fixed[url.pathname] !== undefined) return { status: 200, body: fixed[url.pathname] };
    if (url.pathname === '/api/leads') {
      const matching = script.leads.filter((lead) => !url.searchParams.get('status') || lead.status === url.searchParams.get('status'));
      const from = Number(url.searchParams.get('cursor') ?? 0);
      const until = from + script.pageSize;
      return { status: 200, body: { leads: matching.slice(from, until), cursor: until < matching.length ? String(until) : null } };
    }
    const lead = script.lead[url.pathname.slice('/api/leads/'.length)];
    return lead ? { status: 200, body: lead } : problem(404, 'no-such-lead', 'No such lead.');
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://stage');
    const method = request.method ?? 'GET';
    const body = await readBody(request);
    if (!/^\/(enquire|api)\b/.test(url.pathname)) return file(url.pathname, response);
    stage.received.push({
      path: `${method} ${url.pathname}${url.search}`, type: request.headers['content-type'] ?? '', key: String(request.headers['idempotency-key'] ?? ''), body,
    });
    let reply: Reply | 'drop';
    if (method === 'POST' && url.pathname === '/enquire') {
      reply = (stage.script.enquire.length > 1 ? stage.script.enquire.shift() : stage.script.enquire[0]) ?? 'drop';
      await held;
    } else if (url.pathname.startsWith('/enquire/')) {
      const { progress } = stage.script;
      reply = progress === 'drop' || 'body' in progress ? progress
        : { status: 200, body: { ...progress, leadId: url.pathname.slice('/enquire/'.length), updatedAt: new Date().toISOString() } };
    } else reply = api(url, method, request);
    if (reply === 'drop') response.destroy();
    else send(response, reply);
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return Object.assign(stage, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    enquiries: () => stage.received.filter(({ path }) => path === 'POST /enquire'),
    hold: () => {
      const gate = Promise.withResolvers<void>();
      held = gate.promise;
      return () => { held = undefined; gate.resolve(); };
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => { server.close(() => resolve()); });
      await rm(directory, { recursive: true });
    },
  });
};
