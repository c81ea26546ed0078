// Which relay tasks there are, and which of them takes the next call: this one, unless it is full, about to go, or of an older revision than
// the task that started last. Made by gateway.ts.
import type { Log } from '#house/log.ts';
import type { ConnectionStore, Task, TaskLoad } from './gateway-ports.ts';

export interface Fleet {
  /** A task of another revision started after all of this one's: this task takes no calls any more, long before it is told to end. */
  readonly outdated: boolean;
  /** Who takes a call that came in here. */
  claimant(): Promise<Task>;
  /** Whether that task takes calls. */
  takes(task: Task): Promise<boolean>;
  /** Who takes the calls of this task when it goes; undefined when there is nobody. */
  successor(): Promise<Task | undefined>;
  /** That task did not answer: nothing is given to it for a while. */
  lost(task: Task): void;
  /** Says that this task lives and how busy it is, and looks at the others. Does not reject. */
  look(): Promise<void>;
  leave(): Promise<void>;
}

export interface FleetDeps {
  store: ConnectionStore;
  own: Task & Pick<TaskLoad, 'revision' | 'startedAt'>;
  /** Why this task takes no more calls, if so. */
  closedFor: () => string | undefined;
  active: () => number;
  draining: () => boolean;
  capacity: number;
  ms: () => number;
  log: Log;
}

/** A task that did not answer may have come back by then. */
const LOST_MS = 30_000;

/**
 * By the start of its latest task, not by its number: after a rollback the older number is the one that is wanted, and its tasks are the
 * ones that started last.
 */
export const currentRevision = (tasks: readonly Pick<TaskLoad, 'revision' | 'startedAt'>[]): string | undefined =>
  tasks.toSorted((a, b) => b.startedAt.localeCompare(a.startedAt) || b.revision.localeCompare(a.revision))[0]?.revision;

export const fleet = ({ store, own, closedFor, active, draining, capacity, ms, log }: FleetDeps): Fleet => {
  const gone = new Map<string, number>();
  let outdated = false;

  const others = async (): Promise<{ able: TaskLoad[]; current: string | undefined }> => {
    const tasks = (await store.tasks()).filter(({ task }) => task !== own.task && !(ms() - (gone.get(task) ?? -Infinity) < LOST_MS));
    const current = currentRevision([own, ...tasks]);
    outdated = current !== own.revision;
    return { able: tasks.filter((task) => !task.draining && task.active < task.capacity), current };
  };
  /** The one with most room, among those of the current revision if there are any. */
  const best = ({ able, current }: Awaited<ReturnType<typeof others>>, anyRevision: boolean): Task | undefined => {
    const wanted = able.filter(({ revision }) => revision === current);
    return (wanted.length > 0 || !anyRevision ? wanted : able).toSorted((a, b) => a.active / a.capacity - b.active / b.capacity)[0];
  };

  return {
    get outdated() {
      return outdated;
    },
    claimant: async () => {
      const closed = closedFor() !== undefined;
      if (!closed && !outdated) return own;
      // An old task with room is better than none.
      return best(await others(), closed) ?? own;
    },
    takes: async ({ task }) => (task === own.task ? closedFor() === undefined : (await others()).able.some((other) => other.task === task)),
    successor: async () => best(await others(), true),
    lost: ({ task }) => {
      for (const [name, at] of gone) if (ms() - at > LOST_MS) gone.delete(name);
      gone.set(task, ms());
    },
    look: async () => {
      try {
        await store.report({ ...own, active: active(), capacity, draining: draining() });
        const before = outdated;
        await others();
        if (outdated && !before) log.info('another revision has taken over: this task takes no more calls', { revision: own.revision });
      } catch (error) {
        log.warn('this task could not report how busy it is', { error });
      }
    },
    leave: () => store.leave(own).catch((error: unknown) => log.warn('this task could not take itself off the list', { error })),
  };
};
