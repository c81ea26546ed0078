import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readWav, type Recording, writeWav } from '#audio/wav.ts';

type Chunk = readonly [name: string, body: Uint8Array];

/** A file put together by hand, so that the reader is not held to the writer alone. */
function riff(...chunks: Chunk[]): Uint8Array {
  const parts = chunks.map(([name, body]) => {
    const head = Buffer.alloc(8);
    head.write(name, 'latin1');
    head.writeUInt32LE(body.length, 4);
    return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
  });
  const body = Buffer.concat([Buffer.from('WAVE', 'latin1'), ...parts]);
  const head = Buffer.alloc(8);
  head.write('RIFF', 'latin1');
  head.writeUInt32LE(body.length, 4);
  return new Uint8Array(Buffer.concat([head, body]));
}

function fmt(fields: { tag?: number; channels?: number; rateHz?: number; bits?: number; perSecond?: number; block?: number; tail?: string }): Chunk {
  const { tag = 1, channels = 1, rateHz = 8_000, bits = 16, block = (bits / 8) * channels, perSecond = rateHz * block, tail = '' } = fields;
  const body = Buffer.alloc(16);
  body.writeUInt16LE(tag, 0);
  body.writeUInt16LE(channels, 2);
  body.writeUInt32LE(rateHz, 4);
  body.writeUInt32LE(perSecond, 8);
  body.writeUInt16LE(block, 12);
  body.writeUInt16LE(bits, 14);
  return ['fmt ', Buffer.concat([body, Buffer.from(tail, 'hex')])];
}

const DATA: Chunk = ['data', Uint8Array.of(1, 2, 3, 4)];

describe('a WAV file', () => {
  it('comes back as it was written, in either encoding, at any rate, of any length', () => {
    const recordings = fc
      .record({ encoding: fc.constantFrom('mulaw' as const, 'pcm16' as const), rateHz: fc.integer({ min: 1, max: 192_000 }), bytes: fc.uint8Array({ maxLength: 300 }) })
      .filter(({ encoding, bytes }) => encoding === 'mulaw' || bytes.length % 2 === 0);
    fc.assert(
      fc.property(recordings, (recording: Recording) => {
        expect(readWav(writeWav(recording))).toEqual(recording);
      }),
    );
  });

  it('has the canonical 44 bytes of header for PCM', () => {
    const file = writeWav({ encoding: 'pcm16', rateHz: 16_000, bytes: Uint8Array.of(1, 2, 3, 4) });
    const parts = ['52494646', '28000000', '57415645', '666d7420', '10000000', '0100', '0100', '803e0000', '007d0000', '0200', '1000', '64617461', '04000000', '01020304'];
    expect(Buffer.from(file).toString('hex')).toBe(parts.join(''));
  });

  it('is read past chunks that say nothing about sound, odd ones included', () => {
    const file = riff(['LIST', Buffer.from('INFO!')], fmt({}), ['note', Uint8Array.of(9)], DATA, ['tail', Uint8Array.of(1)]);
    expect(readWav(file)).toEqual({ encoding: 'pcm16', rateHz: 8_000, bytes: Uint8Array.of(1, 2, 3, 4) });
  });

  it('is read from the middle of a larger buffer', () => {
    const file = riff(fmt({ tag: 7, bits: 8, rateHz: 11_025, tail: '0000' }), DATA);
    const larger = new Uint8Array(file.length + 7);
    larger.set(file, 3);
    expect(readWav(larger.subarray(3, 3 + file.length))).toEqual({ encoding: 'mulaw', rateHz: 11_025, bytes: Uint8Array.of(1, 2, 3, 4) });
  });

  it('may say PCM in the extensible way', () => {
    // Size of what follows, valid bits, speaker, then the GUID: the real tag and the tail that all such GUIDs share.
    const tail = ['1600', '1000', '04000000', '0100', '000000001000800000aa00389b71'].join('');
    expect(readWav(riff(fmt({ tag: 0xfffe, tail }), DATA)).encoding).toBe('pcm16');
    expect(() => readWav(riff(fmt({ tag: 0xfffe, tail: tail.replace('389b71', '389b72') }), DATA))).toThrow('neither PCM nor mu-law');
    expect(() => readWav(riff(fmt({ tag: 0xfffe }), DATA))).toThrow('extensible but has 16 bytes');
  });

  const bad: [string, Uint8Array, string][] = [
    ['is empty', new Uint8Array(0), 'not a WAV file'],
    ['is an MP3', new Uint8Array(Buffer.from('ID3\u0003 and so on and on')), 'not a WAV file'],
    ['is stereo', riff(fmt({ channels: 2, block: 2, perSecond: 16_000 }), DATA), '2 channels, not 1'],
    ['has 24 bits', riff(fmt({ bits: 24 }), DATA), 'format 1 at 24 bits'],
    ['is floating point', riff(fmt({ tag: 3, bits: 32 }), DATA), 'format 3 at 32 bits'],
    ['is A-law', riff(fmt({ tag: 6, bits: 8 }), DATA), 'format 6 at 8 bits'],
    ['has a rate of 0', riff(fmt({ rateHz: 0 }), DATA), 'sample rate of 0'],
    ['contradicts itself', riff(fmt({ perSecond: 8_000 }), DATA), 'contradicts itself: 8000 Hz at 16 bits, but 2 bytes a block and 8000 a second'],
    ['has a short fmt chunk', riff(['fmt ', new Uint8Array(14)], DATA), '14 bytes, fewer than 16'],
    ['has no fmt chunk', riff(DATA), 'no fmt chunk before its data'],
    ['has no data', riff(fmt({})), 'no data chunk'],
    ['ends in half a sample', riff(fmt({}), ['data', new Uint8Array(5)]), '5 bytes ends in the middle of a sample'],
    ['was cut short', riff(fmt({}), DATA).subarray(0, -2), 'its data chunk says 4 bytes and 2 are there'],
  ];
  it.each(bad)('is refused when it %s', (_title, file, message) => {
    expect(() => readWav(file)).toThrow(message);
  });

  it('is not written from half a sample', () => {
    expect(() => writeWav({ encoding: 'pcm16', rateHz: 8_000, bytes: new Uint8Array(3) })).toThrow('middle of a sample');
  });
});
