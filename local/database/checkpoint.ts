// Used by the stream reader: how far each shard was handled, kept in a small file that is whole at every moment, kill -9 included.
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface Position {
  /** The last record that was handled; absent when none was. */
  sequence?: string;
  /** Closed and handled to its end: its children may be read. */
  done?: true;
}

export interface Checkpoint {
  get: (shardId: string) => Position | undefined;
  /** Resolves when it is on the disk. */
  set: (shardId: string, position: Position) => Promise<void>;
  /** Forgets the shards that are not named. */
  keep: (shardIds: readonly string[]) => void;
}

const read = async (file: string): Promise<{ stream?: string; shards?: Record<string, Position> }> => {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as { stream?: string; shards?: Record<string, Position> };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new Error(`The stream checkpoint ${file} cannot be read. Delete it to handle the last day's changes again.`, { cause: error });
  }
};

/** Positions of another stream (the table was made anew) do not count. */
export const openCheckpoint = async (file: string, stream: string): Promise<Checkpoint> => {
  await mkdir(dirname(file), { recursive: true });
  const found = await read(file);
  const shards = new Map(found.stream === stream ? Object.entries(found.shards ?? {}) : []);
  let last: Promise<void> = Promise.resolve();
  const write = async (): Promise<void> => {
    const text = JSON.stringify({ stream, shards: Object.fromEntries(shards) });
    const handle = await open(`${file}.new`, 'w');
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(`${file}.new`, file); // atomic: a reader finds the old or the new, never half
  };
  return {
    get: (shardId) => shards.get(shardId),
    set: (shardId, position) => {
      shards.set(shardId, position);
      // One at a time, as all shards share the file.
      last = last.then(write, write);
      return last;
    },
    keep: (shardIds) => { for (const id of shards.keys()) if (!shardIds.includes(id)) shards.delete(id); },
  };
};
