import { DatabaseSync } from 'node:sqlite';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { indexStreamRecords } from '#local/database/stream-index.ts';

const directories: string[] = [];
const file = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'stream-index-'));
  directories.push(directory);
  return join(directory, 'database.sqlite');
};
afterEach(() => directories.splice(0).forEach((directory) => rmSync(directory, { recursive: true })));

describe('the indexes of the stream records', () => {
  it('are used for the next number and for reading on', () => {
    const path = file();
    const made = new DatabaseSync(path);
    made.exec('CREATE TABLE _stream_records (id INTEGER PRIMARY KEY, table_name TEXT, shard_id TEXT, sequence_number TEXT)');
    made.close();
    const next = "SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1 FROM _stream_records WHERE table_name = 'calls'";
    const readOn = "SELECT id FROM _stream_records WHERE table_name = 'calls' AND shard_id = 's' AND CAST(sequence_number AS INTEGER) > 5 ORDER BY CAST(sequence_number AS INTEGER) ASC LIMIT 10";
    // A connection of its own each time: EXPLAIN does not notice that another has changed the schema.
    const ask = (sql: string) => {
      const database = new DatabaseSync(path);
      const rows = database.prepare(sql).all();
      database.close();
      return rows;
    };
    // EXPLAIN QUERY PLAN does not say how MAX is found; the program itself does: by an index, it opens one.
    const opensIndex = (): boolean => ask(`EXPLAIN ${next}`).some((row) => row['opcode'] === 'OpenRead' && String(row['p4']).startsWith('k('));
    const plan = (): string => ask(`EXPLAIN QUERY PLAN ${readOn}`).map((row) => String(row['detail'])).join(' ');
    expect(opensIndex()).toBe(false);
    expect(plan()).toMatch(/SCAN.*TEMP B-TREE/);
    expect(indexStreamRecords(path)).toBe(true);
    expect(opensIndex()).toBe(true);
    expect(plan()).toMatch(/ringback_stream_read(?!.*TEMP B-TREE)/);
  });

  it('are made once, however often the engine starts', () => {
    const path = file();
    const database = new DatabaseSync(path);
    database.exec('CREATE TABLE _stream_records (id INTEGER PRIMARY KEY, table_name TEXT, shard_id TEXT, sequence_number TEXT)');
    indexStreamRecords(path);
    indexStreamRecords(path);
    expect(database.prepare("SELECT count(*) AS n FROM sqlite_master WHERE type = 'index' AND name LIKE 'ringback_%'").get()).toEqual({ n: 3 });
    database.close();
  });

  it('are left alone where the engine keeps its records otherwise', () => {
    const path = file();
    new DatabaseSync(path).close();
    expect(indexStreamRecords(path)).toBe(false);
  });
});
