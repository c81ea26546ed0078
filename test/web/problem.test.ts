import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formFaults, readProblem, readRetryAfter, waitInWords } from '../../web/problem.ts';

const fields = { name: 'Your name', phone: 'The phone number', consent: 'Your consent' };
const read = (status: number, body: unknown, retryAfter: string | null = null) => readProblem(status, body, retryAfter, Date.parse('2026-06-03T09:00:00Z'));

describe('a problem that the server sent', () => {
  it('is shown beside the fields that it names', () => {
    const { byField, general } = formFaults(read(422, { title: 'Check the form', errors: [{ field: 'phone', message: 'This number is too short.' }] }), fields);
    expect([...byField]).toEqual([['phone', 'This number is too short.']]);
    expect(general).toEqual([]);
  });

  it('is made a whole sentence where the server only gives the rest of one', () => {
    const problem = read(400, { errors: [{ field: 'phone', message: 'is too short for its country' }, { field: 'timeZone', message: 'is no IANA time zone.' }] });
    expect(formFaults(problem, fields)).toEqual({ byField: new Map([['phone', 'The phone number is too short for its country.']]), general: ['timeZone is no IANA time zone.'] });
  });

  it('joins two messages for one field', () => {
    const problem = read(422, { errors: [{ field: 'phone', message: 'Too short.' }, { field: 'phone', message: 'No country code.' }] });
    expect(formFaults(problem, fields).byField.get('phone')).toBe('Too short. No country code.');
  });

  it('tells in general what names a field that the form lacks', () => {
    expect(formFaults(read(422, { errors: [{ field: 'timeZone', message: 'Your browser sent no time zone.' }] }), fields).general).toEqual(['Your browser sent no time zone.']);
  });

  it('without fields, tells its detail, else its title', () => {
    expect(formFaults(read(403, { title: 'Refused', detail: 'Numbers of this country are not called.' }), fields).general).toEqual(['Numbers of this country are not called.']);
    expect(formFaults(read(403, { title: 'Refused' }), fields).general).toEqual(['Refused']);
  });

  it('says when to try again', () => {
    expect(formFaults(read(429, { detail: 'Too many enquiries.' }, '120'), fields).general).toEqual(['Too many enquiries.', 'Please try again in about 2 minutes.']);
    expect(readRetryAfter('Wed, 03 Jun 2026 09:00:30 GMT', Date.parse('2026-06-03T09:00:00Z'))).toBe(30);
    expect(readRetryAfter('soon', 0)).toBeNull();
  });

  it('counts waits in the unit that people would use', () => {
    expect([0, 1, 90, 100, 3600, 7200].map(waitInWords)).toEqual(['in 1 second', 'in 1 second', 'in 90 seconds', 'in about 2 minutes', 'in about 60 minutes', 'in about 2 hours']);
  });

  it('has something to say whatever came, and loses no message', () => {
    const entry = fc.record({ field: fc.constantFrom('phone', 'name', 'elsewhere'), message: fc.constantFrom('One.', 'Two.', 'Three.') });
    const body = fc.oneof(fc.anything(), fc.record({ title: fc.anything(), detail: fc.anything(), errors: fc.oneof(fc.anything(), fc.array(entry)) }));
    fc.assert(fc.property(fc.integer({ min: 400, max: 599 }), body, fc.option(fc.string()), (status, given, retryAfter) => {
      const problem = read(status, given, retryAfter);
      const { byField, general } = formFaults(problem, fields);
      const told = [...byField.values(), ...general].join(' ');
      expect(told.trim()).not.toBe('');
      for (const { message } of problem.errors) expect(told).toContain(message);
    }));
  });
});
