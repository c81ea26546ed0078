// Which HTTP route goes to which function: read by the API's construct and by the local gateway, so that they cannot differ.

export type HttpFunction = 'enquire' | 'answer' | 'callbacks' | 'api' | 'health';

export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'ANY';
  /** In API Gateway's form. */
  path: string;
  to: HttpFunction;
  /** True where the gateway itself asks for a token in AWS (Cognito); locally the function checks ADMIN_TOKEN. */
  authenticated?: boolean;
}

export const routes: Route[] = [
  { method: 'POST', path: '/enquire', to: 'enquire' },
  { method: 'GET', path: '/enquire/{leadId}', to: 'enquire' },
  { method: 'GET', path: '/twiml', to: 'answer' },
  { method: 'POST', path: '/twiml', to: 'answer' },
  { method: 'POST', path: '/twiml/gather', to: 'answer' },
  { method: 'POST', path: '/twiml/after', to: 'answer' },
  { method: 'POST', path: '/webhooks/twilio/{kind}', to: 'callbacks' },
  { method: 'POST', path: '/webhooks/elevenlabs', to: 'callbacks' },
  { method: 'POST', path: '/webhook', to: 'callbacks' },
  { method: 'GET', path: '/health', to: 'health' },
  { method: 'ANY', path: '/api/{proxy+}', to: 'api', authenticated: true },
];
