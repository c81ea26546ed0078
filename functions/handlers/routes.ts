// Which HTTP route goes to which function: read by the API's construct and by the local gateway, so that they cannot differ.

export type HttpFunction = 'enquire' | 'answer' | 'callbacks' | 'api' | 'health';

export interface Route {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'ANY';
  /** In API Gateway's form. */
  path: string;
  to: HttpFunction;
  /** True where the gateway itself asks for a token in AWS (Cognito); locally the function checks ADMIN_TOKEN. */
  authenticated?: boolean;
}

/** Exotel's documentation says GET for applets; POST was seen in others' notes. */
const applets: Route[] = ['/exoml', '/callflow', '/exotel/stream', '/exotel/passthru', '/exotel/gather', '/exotel/connect', '/exotel/greeting']
  .flatMap((path) => (['GET', 'POST'] as const).map((method) => ({ method, path, to: 'answer' as const })));

export const routes: Route[] = [
  { method: 'POST', path: '/enquire', to: 'enquire' },
  { method: 'GET', path: '/enquire/{leadId}', to: 'enquire' },
  { method: 'GET', path: '/twiml', to: 'answer' },
  { method: 'POST', path: '/twiml', to: 'answer' },
  { method: 'POST', path: '/twiml/gather', to: 'answer' },
  { method: 'POST', path: '/twiml/after', to: 'answer' },
  ...applets,
  // The Greeting applet asks for the headers first.
  { method: 'HEAD', path: '/exotel/greeting', to: 'answer' },
  { method: 'POST', path: '/webhooks/twilio/{kind}', to: 'callbacks' },
  { method: 'POST', path: '/webhooks/exotel/status', to: 'callbacks' },
  { method: 'POST', path: '/webhooks/elevenlabs', to: 'callbacks' },
  { method: 'POST', path: '/webhook', to: 'callbacks' },
  { method: 'GET', path: '/health', to: 'health' },
  { method: 'ANY', path: '/api/{proxy+}', to: 'api', authenticated: true },
];
