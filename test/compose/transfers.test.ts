import { describe, expect, it } from 'vitest';
import { canTransfer, transferNumbers } from '#compose/transfers.ts';
import { EnvError, readEnv } from '#house/env.ts';

const people = '+12025550170, +12025550171';

describe('who takes over from the agent', () => {
  it('is nobody unless somebody is named', () => {
    expect(transferNumbers(readEnv({}))).toEqual({ twilio: [], exotel: [] });
    for (const carrier of ['twilio', 'exotel'] as const) expect(canTransfer(readEnv({}))(carrier, 'inbound')).toBe(false);
  });

  it('is the same for both carriers, unless Exotel has its own', () => {
    const numbers = ['+12025550170', '+12025550171'];
    expect(transferNumbers(readEnv({ TRANSFER_NUMBERS: people }))).toEqual({ twilio: numbers, exotel: numbers });
    expect(transferNumbers(readEnv({ TRANSFER_NUMBERS: people, EXOTEL_CONNECT_NUMBERS: '09876500001,09876500002' }))).toEqual({ twilio: numbers, exotel: ['09876500001', '09876500002'] });
    expect(transferNumbers(readEnv({ EXOTEL_CONNECT_NUMBERS: '09876500001' }))).toEqual({ twilio: [], exotel: ['09876500001'] });
  });

  it.each(['12025550170', '+1202555017x', people.replace(',', ';'), Array.from({ length: 11 }, () => '+12025550170').join()])('is not %s', (numbers) => {
    expect(() => readEnv({ TRANSFER_NUMBERS: numbers })).toThrow(EnvError);
  });
});

describe('a call that may go on to a person', () => {
  const flow = { EXOTEL_FLOW_ID: '12' };
  it.each<[Record<string, string>, 'twilio' | 'exotel', 'outbound' | 'inbound', boolean]>([
    [{}, 'twilio', 'outbound', true], [{}, 'twilio', 'inbound', true], [{}, 'exotel', 'outbound', false], [{}, 'exotel', 'inbound', true],
    [flow, 'exotel', 'outbound', true], [{ EXOTEL_CALL_FLOW_URL: 'http://my.exotel.com/desk/exoml/start_voice/12' }, 'exotel', 'outbound', true],
  ])('with %j is one of %s, %s: %s', (more, carrier, direction, can) => {
    expect(canTransfer(readEnv({ TRANSFER_NUMBERS: people, ...more }))(carrier, direction)).toBe(can);
  });
});
