import { describe, expect, it } from 'vitest';
import { router } from '#local/gateway/routes.ts';
import { echo, gateway, route } from './listening.ts';

describe('routes', () => {
  const find = router([
    route('ANY', '/api/{proxy+}', echo), route('GET', '/api/leads/{leadId}', echo), route('GET', '/api/leads/newest', echo),
    route('ANY', '/api/leads', echo), route('POST', '/api/leads', echo),
  ]);
  const key = (method: string, path: string) => find(method, path)?.routeKey;

  it('prefer a full match to a variable, a variable to the rest of the path, and a named method to ANY', () => {
    expect(key('GET', '/api/leads/newest')).toBe('GET /api/leads/newest');
    expect(key('GET', '/api/leads/l1')).toBe('GET /api/leads/{leadId}');
    expect(key('POST', '/api/leads')).toBe('POST /api/leads');
    expect(key('PUT', '/api/leads')).toBe('ANY /api/leads');
    expect(key('GET', '/api/leads/l1/retry')).toBe('ANY /api/{proxy+}');
    expect(key('DELETE', '/api/leads/l1')).toBe('ANY /api/{proxy+}');
  });

  it('do not match an empty variable, a trailing slash or another method', () => {
    const strict = router([route('GET', '/health', echo), route('GET', '/api/{id}', echo), route('POST', '/all/{proxy+}', echo)]);
    for (const [method, path] of [['GET', '/health/'], ['GET', '/api/'], ['GET', '/api'], ['POST', '/all/'], ['POST', '/health'], ['HEAD', '/health']] as const) {
      expect([method, path, strict(method, path)]).toEqual([method, path, undefined]);
    }
  });

  it('answer 404 {"message":"Not Found"} where there is none, also to HEAD and OPTIONS beside a GET', async () => {
    const { url } = await gateway({ routes: [route('GET', '/only', echo)] });
    const missing = await fetch(`${url}/nowhere`);
    expect([missing.status, await missing.json()]).toEqual([404, { message: 'Not Found' }]);
    expect((await fetch(`${url}/only`, { method: 'HEAD' })).status).toBe(404);
    expect((await fetch(`${url}/only`, { method: 'OPTIONS' })).status).toBe(404);
  });
});
