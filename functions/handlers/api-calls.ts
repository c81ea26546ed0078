// /api/calls and /api/attempts: one call, its end, and planned attempts moved or cancelled. Called by api.ts, which has checked who asks.
import { isTerminal } from '#calls/call.ts';
import { cancelAttempt, rescheduleAttempt } from '#calls/change-attempt.ts';
import { VisibleError } from '#calls/errors.ts';
import { callView } from '#calls/lead-view.ts';
import type { AttemptRecord } from '#calls/lead.ts';
import { recordEvent } from '#calls/record-event.ts';
import { json } from '#house/http.ts';
import { bodyOf, noted, notFound, type ApiRoute, type Story } from './api-route.ts';

const get: Story = async (deps, _request, callId) => {
  const call = await deps.calls.call(callId);
  if (!call?.callSid || call.erasedAt !== undefined) throw notFound('call', 'callId');
  return json(200, callView(call, await deps.calls.turns(callId), null));
};

const end: Story = async (deps, _request, callId, by) => {
  const call = await deps.calls.call(callId);
  if (!call?.callSid) throw notFound('call', 'callId');
  if (!isTerminal(call.status)) {
    // The reason first: when the line goes down, whoever looks at the record knows that a person meant it.
    await recordEvent(deps)(callId, { kind: 'ended', at: deps.clock.now().toISOString(), endReason: 'operator', detail: null, turnMs: [] });
    const carrier = deps.carriers[call.carrier];
    if (!carrier) throw new VisibleError('unavailable', 'carrier-not-configured', `There are no credentials for ${call.carrier}, so the call cannot be ended from here.`);
    await carrier.hangUp(call.callSid);
    await noted(deps, by, 'end-call', call.leadId, { callId });
  }
  return json(202, { ok: true, callId });
};

const view = ({ attemptId, leadId, state, dueAt, reason }: AttemptRecord) => ({ ok: true, attemptId, leadId, state, dueAt, reason });

const reschedule: Story = async (deps, request, attemptId, by) => {
  const moved = await rescheduleAttempt(deps)(attemptId, bodyOf(request)['at']);
  await noted(deps, by, 'reschedule', moved.leadId, { attemptId, dueAt: moved.dueAt });
  return json(200, view(moved));
};

const cancel: Story = async (deps, _request, attemptId, by) => {
  const cancelled = await cancelAttempt(deps)(attemptId);
  await noted(deps, by, 'cancel', cancelled.leadId, { attemptId });
  return json(200, view(cancelled));
};

export const callRoutes: ApiRoute[] = [
  { method: 'GET', path: /^\/api\/calls\/([^/]{1,64})$/, story: get },
  { method: 'POST', path: /^\/api\/calls\/([^/]{1,64})\/end$/, story: end },
  { method: 'POST', path: /^\/api\/attempts\/([^/]{1,64})\/reschedule$/, story: reschedule },
  { method: 'DELETE', path: /^\/api\/attempts\/([^/]{1,64})$/, story: cancel },
];
