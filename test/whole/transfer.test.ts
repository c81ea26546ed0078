// Story 08 in both carriers' accents: somebody asks for a person, and talks with one, or with the agent again when nobody is free.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataDirectory, fresh, startStack, type Stack } from './stack.ts';
import { until } from './until.ts';
import type { LeadSeen } from './world.ts';

const callers = { twilio: '+12025550108', exotel: '+919876543208' };
const both = Object.keys(callers) as (keyof typeof callers)[];
const root = join(import.meta.dirname, '..', '..');

/** Both carriers at once: +91 through Exotel, into a flow, because only there a call can go on to a person. */
const withTransfers = async (directory: string, more: Record<string, string>): Promise<Stack> => {
  const policy = join(directory, 'policy.json');
  const usual = JSON.parse(readFileSync(join(root, 'local', 'desk', 'policy.json'), 'utf8')) as object;
  writeFileSync(policy, JSON.stringify({ ...usual, carriers: { routes: [{ prefix: '+91', carriers: ['exotel'] }] } }));
  return startStack({ env: { POLICY_FILE: policy, EXOTEL_FLOW_ID: '7', ...more } });
};
/** Somebody of story 08 is called by each carrier; their leads when the calls are over. */
const called = (stack: Stack): Promise<LeadSeen[]> => Promise.all(both.map(async (carrier) => {
  const answer = await fetch(`${stack.base}/enquire`, { method: 'POST', body: JSON.stringify({ phone: callers[carrier], name: 'Ada', consent: true }), headers: { 'content-type': 'application/json', ...fresh } });
  const { leadId } = await answer.json() as { leadId: string };
  let last: LeadSeen | undefined;
  try {
    return await until(`the call through ${carrier} is over`, async () => {
      last = (await stack.api(`/api/leads/${leadId}`)).body as LeadSeen;
      return last.status === 'reached' && last;
    }, 120_000);
  } catch (error) {
    throw new Error(`${(error as Error).message}: ${JSON.stringify(last)}`, { cause: error });
  }
}));
const steps = ({ timeline }: LeadSeen): string[] => timeline.map(({ event }) => event).filter((event) => /transfer|talk-ended|stream-(started|reopened)|call-completed/.test(event));

const stacks: Stack[] = [];
const directory = dataDirectory();
let free: LeadSeen[];
let busy: LeadSeen[];
beforeAll(async () => {
  // One after the other: the second finds the ports of the first taken.
  stacks.push(await withTransfers(directory, {}));
  stacks.push(await withTransfers(directory, { TRANSFER_NUMBERS: '+12025550101' }));
  [free, busy] = await Promise.all([called(stacks[0]!), called(stacks[1]!)]);
}, 180_000);
afterAll(async () => {
  await Promise.all(stacks.map((stack) => stack.stop()));
  rmSync(directory, { recursive: true, force: true });
});

describe('somebody who asks for a person', () => {
  it('talks with one, whatever the carrier, and the record says so', () => {
    for (const [i, lead] of free.entries()) {
      expect(lead.calls).toMatchObject([{ carrier: both[i], status: 'completed', endReason: 'agent-ended', transfer: 'connected' }]);
      expect(lead.calls[0]!.transcript.map(({ text }) => text).join()).toContain('put you through');
      expect(steps(lead)).toEqual(['stream-started', 'transfer-asked', 'transfer-connected', 'talk-ended', 'call-completed']);
    }
  });

  it('has the agent back when nobody is free, which says goodbye in the end', () => {
    for (const [i, lead] of busy.entries()) {
      expect(lead.calls).toMatchObject([{ carrier: both[i], status: 'completed', endReason: 'agent-ended', transfer: 'failed' }]);
      expect(steps(lead)).toEqual(['stream-started', 'transfer-asked', 'transfer-failed', 'stream-reopened', 'stream-started', 'talk-ended', 'call-completed']);
    }
  });
});
