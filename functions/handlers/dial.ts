// The dialer's Lambda: messages of the dial queue, one attempt each. Failed ones go back to the queue alone.
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { dialAttempt, type DialDeps } from '#calls/dial-attempt.ts';
import { readAttemptId } from '#calls/lead.ts';
import type { DialMessage } from '#calls/ports.ts';
import { wait } from '#house/clock.ts';
import { lazily } from '#house/http.ts';
import type { Log } from '#house/log.ts';
import { carriersOf } from '#compose/carriers.ts';
import { queueOf, scheduleOf } from '#compose/queue.ts';
import { fromEnvironment, planOf } from '#compose/base.ts';
import { canTransfer } from '#compose/transfers.ts';
import { expectationsOf } from '#compose/ringing.ts';

export interface DialHandlerDeps extends DialDeps {
  log: Log;
}

const read = (body: string): DialMessage | undefined => {
  try {
    const message = JSON.parse(body) as Partial<DialMessage>;
    if (typeof message.attemptId !== 'string' || !readAttemptId(message.attemptId)) return undefined;
    return { attemptId: message.attemptId, ...(typeof message.turnAt === 'string' && !Number.isNaN(Date.parse(message.turnAt)) ? { turnAt: message.turnAt } : {}) };
  } catch {
    return undefined;
  }
};

export const dialHandler = (deps: DialHandlerDeps) => async (event: SQSEvent): Promise<SQSBatchResponse> => {
  const failed: string[] = [];
  for (const record of event.Records) {
    const message = read(record.body);
    try {
      // A message that names no attempt can never be dialled; it goes the way of failures, to the dead letters, to be looked at.
      if (!message) throw new Error('the message names no attempt');
      const result = await dialAttempt(deps)(message);
      deps.log.info('dial message done', { attemptId: message.attemptId, result });
    } catch (error) {
      deps.log.error('dial message failed', { attemptId: message?.attemptId, messageId: record.messageId, error });
      failed.push(record.messageId);
    }
  }
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
};

export const handler = lazily(async () => {
  const base = await fromEnvironment('dial');
  const { env, log, clock, stores } = base;
  const goesOn = canTransfer(env);
  return dialHandler({ ...stores, clock, log, wait, ...planOf(env), queue: queueOf(env), schedule: scheduleOf(env), carriers: carriersOf(env), mayTransfer: (carrier) => goesOn(carrier, 'outbound'), expects: expectationsOf(base) });
});
