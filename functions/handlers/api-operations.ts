// /api/switch and /api/stats: whether anybody is dialled at all, and the numbers of a period. Called by api.ts, which has checked who asks.
import { VisibleError } from '#calls/errors.ts';
import { readStats } from '#calls/stats.ts';
import { turnDialling } from '#calls/switch.ts';
import { json } from '#house/http.ts';
import { bodyOf, noted, type ApiRoute, type Story } from './api-route.ts';

const position: Story = async (deps) => json(200, { ...(await deps.switches.dialling()), policyKillSwitch: deps.policy.killSwitch });

const turn: Story = async (deps, request, _id, by) => {
  const { dialling } = bodyOf(request);
  if (typeof dialling !== 'boolean') throw new VisibleError('invalid', 'dialling-invalid', 'dialling must be true or false.', { fields: [{ field: 'dialling', message: 'must be true (people are called) or false (nobody is)' }] });
  const { broughtForward, ...now } = await turnDialling(deps)(dialling, by);
  await noted(deps, by, 'switch', null, { dialling, broughtForward });
  return json(200, { ...now, policyKillSwitch: deps.policy.killSwitch, broughtForward });
};

const stats: Story = async (deps, request) => json(200, await readStats(deps)(request.query.get('from'), request.query.get('to')));

export const operationRoutes: ApiRoute[] = [
  { method: 'GET', path: /^\/api\/switch$/, story: position },
  { method: 'POST', path: /^\/api\/switch$/, story: turn },
  { method: 'GET', path: /^\/api\/stats$/, story: stats },
];
