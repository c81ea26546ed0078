// Why the agent could not be had, or was lost, in one closed set of codes: what ElevenLabs says in five different shapes, told apart once.
import { UpstreamError } from '#calls/errors.ts';

/** Stable codes; they stand in the call's record as the detail of `agent-failed`. */
export type AgentFault =
  | 'agent-quota-exceeded' | 'agent-override-refused' | 'agent-variables-missing' | 'agent-not-found' | 'agent-unauthorized' | 'agent-queue-timeout'
  | 'agent-busy' | 'agent-refused' | 'agent-crashed' | 'agent-silent' | 'agent-unreachable' | 'agent-format-unsupported'
  /** Ours: the call was taken over by one relay task after another. */
  | 'agent-lost-too-often';

/** The agent cannot be had; `fault` says why, for the record. */
export class AgentUnavailable extends UpstreamError {
  readonly fault: AgentFault;

  constructor(fault: AgentFault, status: number, retryable: boolean, more: { message?: string; cause?: unknown } = {}) {
    super('elevenlabs', status, retryable, more);
    this.name = 'AgentUnavailable';
    this.fault = fault;
  }
}

/** Texts in which a cause is recognised, the most telling first. They come from error frames, close reasons and REST answers alike. */
const telltales: [RegExp, AgentFault][] = [
  [/quota|out of credits|payment.?required|insufficient.?credit/i, 'agent-quota-exceeded'],
  [/override/i, 'agent-override-refused'],
  [/missing_dynamic_variable|dynamic variable/i, 'agent-variables-missing'],
  [/concurren|system_busy|rate.?limit/i, 'agent-busy'],
  [/does not exist|not.?found|unknown agent/i, 'agent-not-found'],
  [/authori|unauthenticated|api.?key|missing_permissions|signature|signed url/i, 'agent-unauthorized'],
];
const told = (text: string): AgentFault | undefined => telltales.find(([shape]) => shape.test(text))?.[1];

/** An error frame: flat or nested, all that it says in one line. */
export interface AgentError {
  code: number | null;
  text: string;
}

/** How the conversation's socket ended. `opened`: whether the handshake was done; `queued`: whether the agent kept us waiting in its queue. */
export interface AgentClose {
  code: number;
  reason: string;
  error: AgentError | undefined;
  opened: boolean;
  queued: boolean;
}

/**
 * What a close means. Error frames say more than reasons, reasons more than codes. Codes, as far as they are documented: 1002 the
 * service failed or the quota is used up; 1008 our request broke the contract; 1011 crash; 3000 unknown agent or wrong region;
 * 3008 (4300 is seen too) waited too long in the queue; 1006 the network.
 */
export const faultOfClose = ({ code, reason, error, opened, queued }: AgentClose): AgentFault => {
  if (!opened) return told(`${error?.text ?? ''} ${reason}`) ?? 'agent-unreachable';
  if (queued || code === 3008 || code === 4300) return 'agent-queue-timeout';
  const said = told(error?.text ?? '') ?? told(reason);
  if (said) return said;
  const means = error?.code ?? code;
  if (means === 3000) return 'agent-not-found';
  return means === 1008 || means === 1003 || means === 1007 ? 'agent-refused' : 'agent-crashed';
};

/** Whether a close may mean that the address was used, too old, or signed for another key: then a fresh one is worth asking for. */
export const refusesAddress = (close: Pick<AgentClose, 'code' | 'reason' | 'error'>): boolean =>
  ['agent-unauthorized', 'agent-not-found'].includes(faultOfClose({ ...close, opened: true, queued: false }));

/** The four shapes of `detail` in a REST error, in one line. */
export const detailText = (body: unknown): string => {
  const detail = body && typeof body === 'object' && 'detail' in body ? body.detail : undefined;
  if (typeof detail === 'string') return detail;
  if (!detail || typeof detail !== 'object') return '';
  const said = Array.isArray(detail) ? detail.map((d) => (d && typeof d === 'object' && 'msg' in d ? d.msg : '')) : ['status', 'code', 'type', 'message'].map((key) => (detail as Record<string, unknown>)[key]);
  return said.filter((part) => typeof part === 'string').join(' ');
};

/** A refusal over HTTP: `detail.status` first (401 means the quota as often as the key), the status code second. */
export const faultOfAnswer = (status: number, body: unknown): AgentFault => {
  const said = told(detailText(body));
  if (said) return said;
  if (status === 401 || status === 403) return 'agent-unauthorized';
  if (status === 402) return 'agent-quota-exceeded';
  if (status === 404) return 'agent-not-found';
  if (status === 429) return 'agent-busy';
  return status >= 500 || status === 408 ? 'agent-unreachable' : 'agent-refused';
};
