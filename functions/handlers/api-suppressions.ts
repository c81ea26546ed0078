// /api/suppressions: numbers that are not called. Called by api.ts, which has checked who asks.
import { VisibleError } from '#calls/errors.ts';
import { suppressNumber } from '#calls/suppress-number.ts';
import { json } from '#house/http.ts';
import { bodyOf, noted, page, phoneOf, type ApiRoute, type Story } from './api-route.ts';

const reasons = ['api', 'crm', 'console'] as const;
const MOST_NOTE = 500;

const list: Story = async (deps, request) => json(200, await deps.suppressions.suppressions(page(request)));

const add: Story = async (deps, request, _id, by) => {
  const { phone: given, reason = 'api', note = null } = bodyOf(request);
  const phone = phoneOf(given);
  const known = reasons.find((one) => one === reason);
  if (!known) throw new VisibleError('invalid', 'reason-invalid', `reason must be one of ${reasons.join(', ')}.`, { fields: [{ field: 'reason', message: `must be one of ${reasons.join(', ')}` }] });
  if (note !== null && typeof note !== 'string') throw new VisibleError('invalid', 'note-invalid', 'note must be text.', { fields: [{ field: 'note', message: `must be text of at most ${MOST_NOTE} characters` }] });
  await suppressNumber(deps)({ phone, reason: known, at: deps.clock.now().toISOString(), note: note === null ? null : note.slice(0, MOST_NOTE).toWellFormed() });
  await noted(deps, by, 'suppress', null, { reason: known });
  return json(201, await deps.suppressions.suppression(phone));
};

const remove: Story = async (deps, request, _id, by) => {
  await deps.suppressions.unsuppress(phoneOf(request.query.get('phone') ?? undefined));
  await noted(deps, by, 'unsuppress', null);
  return { status: 204 };
};

export const suppressionRoutes: ApiRoute[] = [
  { method: 'GET', path: /^\/api\/suppressions$/, story: list },
  { method: 'POST', path: /^\/api\/suppressions$/, story: add },
  { method: 'DELETE', path: /^\/api\/suppressions$/, story: remove },
];
