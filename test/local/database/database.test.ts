import { GetItemCommand, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startDatabase } from '#local/database/database.ts';
import { engineFile } from '#local/database/engine-file.ts';
import { freePort } from '#local/process/free-port.ts';
import { directory, processes, started, things, withThings } from './things.ts';

/** A process that ended but was not yet reaped by its parent (Z) is not alive. */
const alive = (pid: number): boolean => {
  try { return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')); } catch { return false; }
};
const TableName = things.table.TableName;

/** A Ringback of its own that has written 500 things to `at`. */
const holder = async (at: string) => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'holder.ts'), at], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => { child.kill('SIGKILL'); });
  await once(child.stdout, 'data');
  return { child, pids: await processes(at), killed: async () => { child.kill('SIGKILL'); await once(child, 'exit'); } };
};

describe('the local database', () => {
  it('keeps its data between starts', async () => {
    const first = await withThings();
    await first.client.send(new PutItemCommand({ TableName, Item: { id: { S: 'a' } } }));
    const { engine, keeper } = await processes(first.directory);
    await first.stop();
    expect([alive(engine), alive(keeper)]).toEqual([false, false]);
    const second = await withThings(first.directory);
    expect((await second.client.send(new GetItemCommand({ TableName, Key: { id: { S: 'a' } } }))).Item).toEqual({ id: { S: 'a' } });
  });

  it('is not started where an endpoint is given', async () => {
    const given = await started();
    const at = await directory();
    const database = await startDatabase({ directory: join(at, 'unused'), endpoint: given.endpoint });
    expect([database.endpoint, database.started]).toEqual([given.endpoint, false]);
    await database.stop();
    expect(alive((await processes(given.directory)).engine)).toBe(true);
  });

  it('says so when nothing answers at the given endpoint', async () => {
    const endpoint = `http://127.0.0.1:${await freePort()}`;
    await expect(startDatabase({ directory: 'unused', endpoint })).rejects.toThrow(`Nothing that speaks DynamoDB answers at ${endpoint} (DYNAMODB_ENDPOINT)`);
  });

  it('says what to do on a platform for which the engine ships nothing', () => {
    expect(() => engineFile('darwin', 'arm64')).toThrow(/^No embedded database for darwin-arm64 .* set DYNAMODB_ENDPOINT/);
  });

  it('tells of the death of its engine, and stops all the same', async () => {
    const database = await started();
    process.kill((await processes(database.directory)).engine, 'SIGKILL');
    await expect(database.died).rejects.toThrow(/The database ended by itself[^]*SIGKILL/);
    await database.stop();
  });

  it('gives the last words of an engine that does not start', async () => {
    const at = await directory();
    const engine = join(at, 'engine');
    await writeFile(engine, '#!/bin/sh\necho "no room on the disk" >&2\nexit 3\n');
    await chmod(engine, 0o755);
    await expect(startDatabase({ directory: at, engine })).rejects.toThrow(/no room on the disk/);
    await expect(startDatabase({ directory: at, engine: join(at, 'missing') })).rejects.toThrow(/ENOENT/);
  });

  it('loses nothing when the process that holds it is killed: the engine ends too, and a start right after finds all 500', async () => {
    const at = await directory();
    const { pids, killed } = await holder(at);
    await killed();
    const { client } = await withThings(at);
    expect(alive(pids.engine)).toBe(false);
    expect((await client.send(new ScanCommand({ TableName, Select: 'COUNT' }))).Count).toBe(500);
  });

  it('ends an engine that was left over because its keeper was killed as well', async () => {
    const at = await directory();
    const { pids, killed } = await holder(at);
    process.kill(pids.keeper, 'SIGKILL');
    await killed();
    expect(alive(pids.engine)).toBe(true);
    const { client } = await withThings(at);
    expect(alive(pids.engine)).toBe(false);
    expect((await client.send(new ScanCommand({ TableName, Select: 'COUNT' }))).Count).toBe(500);
  });

  it('is refused to a second Ringback on the same data, which keeps the first one whole', async () => {
    const first = await started();
    await expect(startDatabase({ directory: first.directory })).rejects.toThrow(/is in use by another Ringback \(process \d+\).*RINGBACK_DATA_DIR/);
    expect(alive((await processes(first.directory)).engine)).toBe(true);
  });
});
