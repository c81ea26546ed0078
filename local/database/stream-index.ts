// Called once after the embedded engine has started: gives its stream records the indexes that it forgot.
// Without them each write to a streamed table reads all of that table's stream records, and the desk grows slower with every call.
import { DatabaseSync } from 'node:sqlite';

/** As the engine (1.2.1) asks: the next number on each write, and the records after a number on each read. */
const INDEXES = [
  'CREATE INDEX IF NOT EXISTS ringback_stream_next ON _stream_records (table_name, CAST(sequence_number AS INTEGER))',
  'CREATE INDEX IF NOT EXISTS ringback_stream_read ON _stream_records (table_name, shard_id, CAST(sequence_number AS INTEGER))',
  'CREATE INDEX IF NOT EXISTS ringback_stream_range ON _stream_records (table_name, shard_id, sequence_number)',
];
/** The engine may be writing at this moment. */
const PATIENCE_MS = 3_000;

/** False when this engine's file has no such table: another version, which may need no help and is only slower without it. */
export const indexStreamRecords = (file: string): boolean => {
  const database = new DatabaseSync(file);
  try {
    database.exec(`PRAGMA busy_timeout = ${PATIENCE_MS}`);
    if (!database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_stream_records'").get()) return false;
    for (const index of INDEXES) database.exec(index);
    return true;
  } finally {
    database.close();
  }
};
