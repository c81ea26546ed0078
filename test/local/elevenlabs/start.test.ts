import { describe, expect, it } from 'vitest';
import { startElevenLabs } from '#local/elevenlabs/start.ts';
import { dial, started } from './house.ts';

describe('starting and stopping the simulated ElevenLabs', () => {
  it('closes its sockets and its port, and may be stopped twice', async () => {
    const running = await started();
    const client = await dial(running);
    client.init();
    await client.next('audio');
    await running.stop();
    await running.stop();
    expect((await client.closed).code).toBe(1006);
    await expect(fetch(running.url)).rejects.toThrow('fetch failed');
  });

  it('refuses a port that is taken, and options that make no sense', async () => {
    const running = await started();
    await expect(startElevenLabs({ apiKey: 'k', port: running.port })).rejects.toThrow('EADDRINUSE');
    await expect(startElevenLabs({ apiKey: 'k', pace: 0 })).rejects.toThrow('pace must be greater than 0');
    await expect(startElevenLabs({ apiKey: 'k', chunkMs: [] })).rejects.toThrow('chunkMs');
  });
});
