import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonLog, type Level } from '#house/log.ts';

const written = (least: Level = 'debug') => {
  const lines: string[] = [];
  return { lines, log: jsonLog((line) => lines.push(line), least) };
};

describe('the log', () => {
  it('writes one line of JSON with level, time, message and fields', () => {
    const { lines, log } = written();
    log.info('request refused', { status: 400, fields: ['phone'] });
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toMatchObject({ level: 'info', message: 'request refused', status: 400, fields: ['phone'] });
    expect(lines[0]).not.toContain('\n');
  });

  it('leaves out what is below its level', () => {
    const { lines, log } = written('warn');
    log.debug('a');
    log.info('b');
    log.warn('c');
    log.error('d');
    expect(lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual(['c', 'd']);
  });

  it('adds the fields that it was given along the way', () => {
    const { lines, log } = written();
    log.with({ callId: 'call_1' }).with({ epoch: 2 }).info('joined');
    expect(JSON.parse(lines[0]!)).toMatchObject({ callId: 'call_1', epoch: 2 });
  });

  it('masks personal and secret fields at any depth', () => {
    fc.assert(fc.property(fc.constantFrom('phone', 'to', 'From', 'name', 'transcript', 'summary', 'token', 'authToken', 'ip', 'digits', 'Authorization'), fc.integer({ min: 0, max: 6 }), (field, depth) => {
      const { lines, log } = written();
      let value: Record<string, unknown> = { [field]: 'SECRET', kept: 1 };
      for (let i = 0; i < depth; i += 1) value = i % 2 ? { list: [value] } : { inner: value };
      log.info('x', value);
      log.with(value).info('y');
      expect(lines.join()).not.toContain('SECRET');
    }));
  });

  it('keeps numbers out of errors: message, stack and cause', () => {
    const { lines, log } = written();
    const cause = new Error('dialled\n+44 20 7946 0018\nand failed');
    log.error('request failed', { error: new Error('could not dial +442079460018', { cause }) });
    expect(lines[0]).not.toMatch(/7946|2079/);
    expect(lines[0]).toContain('log.test.ts');
  });
});
