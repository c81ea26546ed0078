// The tables: key shapes of every item, and what the local stack creates (in AWS, lib/call-store.ts creates the same).
import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';

/*
 * Table `calls` (lasting; streamed):
 *
 *   pk                      sk                     what                                            written
 *   LEAD#<leadId>           LEAD                   the lead; derived status                        enquiry, settle
 *   LEAD#<leadId>           CONSENT                consent evidence                                enquiry, never again
 *   LEAD#<leadId>           ATT#<nn>               one attempt, with its decision and history      enquiry, dialer, reconciler
 *   CALL#<callId>           CALL                   the call: facts and fold of its events          claim, each event
 *   CALL#<callId>           EVT#<event key>        one happening                                   once
 *   CALL#<callId>           TURN#<nnnn>            one line of the transcript                      relay
 *   SID#<carrier>#<callSid> SID                    whose call it is                                once
 *   ENQ#<key>               ENQ                    an accepted enquiry; expires                    once
 *   PHONE#<phone key>       LEAD#<leadId>          leads of a number                               enquiry
 *   PHONE#<phone key>       DIAL#<at>#<attemptId>  when it was dialled; expires                    claim
 *   PHONE#<phone key>       SUPPRESSION            we may not dial it, and why                     opt-out
 *   PHONE#<phone key>       CALL#<callId>          inbound calls of a number                       inbound
 *   LEAD#<leadId>           GONE                   the lead was erased: writes are held to this    erasure
 *   CALL#<callId>           GONE                   the same for a call that no lead stands behind  erasure
 *   FORGET#<service>#…      FORGET                 what is to be deleted at an outside service     erasure
 *   AUDIT#<yyyy-mm>         <at>#<id>              what a person did; nothing personal, no expiry  the API
 *   SWITCH#dialling         SWITCH                 the operator's switch                           the API
 *   CAP#<key>               CAP                    a counter with a ceiling; expires               enquiry, dialer
 *   OUTBOX#<leadId>         MSG#<sequence>         an outcome to deliver; nothing personal; expires stream of the lead, delivery
 *
 * Leads, consent, attempts, calls, events, turns and what points to them carry `expires`: RETENTION_DAYS after they were written.
 *
 * Indexes: byList (listPk, listSk) leads, suppressions, audit, and calls by the day of their end, newest first · byStatus (statusPk, listSk) leads of a status ·
 * byDue (duePk, dueSk) attempts and calls that somebody has to look at; sparse: finished ones are not in it.
 *
 * Table `relay-sessions` (TTL only, never streamed):
 *   TICKET#<callId>#<epoch> -  a used ticket · PACE#<carrier> - the next free turn at the carrier ·
 *   HEALTH#<carrier> - how the carrier has been doing of late ·
 *   CONN#<connectionId> - which relay task carries this API Gateway connection · TASKS - the relay tasks and how busy they are ·
 *   RING <callId> a call whose phone rings, and the relay task that holds an agent for it (AGENT_OPENS=ringing only)
 */
export const keys = {
  lead: (leadId: string) => ({ pk: `LEAD#${leadId}`, sk: 'LEAD' }),
  consent: (leadId: string) => ({ pk: `LEAD#${leadId}`, sk: 'CONSENT' }),
  attempt: (leadId: string, number: number) => ({ pk: `LEAD#${leadId}`, sk: `ATT#${String(number).padStart(2, '0')}` }),
  call: (callId: string) => ({ pk: `CALL#${callId}`, sk: 'CALL' }),
  event: (callId: string, key: string) => ({ pk: `CALL#${callId}`, sk: `EVT#${key}` }),
  turn: (callId: string, index: number) => ({ pk: `CALL#${callId}`, sk: `TURN#${String(index).padStart(4, '0')}` }),
  sid: (carrier: string, callSid: string) => ({ pk: `SID#${carrier}#${callSid}`, sk: 'SID' }),
  enquiry: (key: string) => ({ pk: `ENQ#${key}`, sk: 'ENQ' }),
  phoneLead: (phoneKey: string, leadId: string) => ({ pk: `PHONE#${phoneKey}`, sk: `LEAD#${leadId}` }),
  dial: (phoneKey: string, at: string, attemptId: string) => ({ pk: `PHONE#${phoneKey}`, sk: `DIAL#${at}#${attemptId}` }),
  suppression: (phoneKey: string) => ({ pk: `PHONE#${phoneKey}`, sk: 'SUPPRESSION' }),
  inbound: (phoneKey: string, callId: string) => ({ pk: `PHONE#${phoneKey}`, sk: `CALL#${callId}` }),
  /** Held to by everything that writes personal data: an outbound call goes with its lead. */
  gone: (id: string) => ({ pk: id.startsWith('lead_') ? `LEAD#${id}` : `CALL#${id}`, sk: 'GONE' }),
  forget: (service: string, kind: string, id: string) => ({ pk: `FORGET#${service}#${kind}#${id}`, sk: 'FORGET' }),
  audit: (at: string, id: string) => ({ pk: `AUDIT#${at.slice(0, 7)}`, sk: `${at}#${id}` }),
  diallingSwitch: { pk: 'SWITCH#dialling', sk: 'SWITCH' },
  cap: (key: string) => ({ pk: `CAP#${key}`, sk: 'CAP' }),
  outbox: (leadId: string, sequence: number) => ({ pk: `OUTBOX#${leadId}`, sk: `MSG#${String(sequence).padStart(9, '0')}` }),
  ticket: (ticketId: string) => ({ pk: `TICKET#${ticketId}`, sk: '-' }),
  pace: (carrier: string) => ({ pk: `PACE#${carrier}`, sk: '-' }),
  health: (carrier: string) => ({ pk: `HEALTH#${carrier}`, sk: '-' }),
  ringing: (callId: string) => ({ pk: 'RING', sk: callId }),
} as const;

export const indexes = { list: 'byList', status: 'byStatus', due: 'byDue' } as const;
/** Attribute with the Unix second after which DynamoDB may drop an item. */
export const TTL_ATTRIBUTE = 'expires';

const index = (name: string, pk: string, sk: string) => ({
  IndexName: name, Projection: { ProjectionType: 'ALL' as const },
  KeySchema: [{ AttributeName: pk, KeyType: 'HASH' as const }, { AttributeName: sk, KeyType: 'RANGE' as const }],
});
const texts = (...names: string[]) => names.map((AttributeName) => ({ AttributeName, AttributeType: 'S' as const }));
const pkSk = [{ AttributeName: 'pk', KeyType: 'HASH' as const }, { AttributeName: 'sk', KeyType: 'RANGE' as const }];

export const callsTable = (TableName: string): CreateTableCommandInput => ({
  TableName, BillingMode: 'PAY_PER_REQUEST', KeySchema: pkSk,
  AttributeDefinitions: texts('pk', 'sk', 'listPk', 'listSk', 'statusPk', 'duePk', 'dueSk'),
  GlobalSecondaryIndexes: [index(indexes.list, 'listPk', 'listSk'), index(indexes.status, 'statusPk', 'listSk'), index(indexes.due, 'duePk', 'dueSk')],
  StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
});

export const sessionsTable = (TableName: string): CreateTableCommandInput => ({
  TableName, BillingMode: 'PAY_PER_REQUEST', KeySchema: pkSk, AttributeDefinitions: texts('pk', 'sk'),
});
