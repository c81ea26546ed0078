// What carrying calls through API Gateway needs from outside: a register of who owns which connection, and the way back to the carrier.

/** A relay process, as others reach it. `task` is new with each start: a process that came back at the same address owns nothing. */
export interface Task {
  /** `host:port` inside the private network. */
  address: string;
  task: string;
}

export interface Owner extends Task {
  /** One more after each takeover. */
  epoch: number;
}

export interface TaskLoad extends Task {
  active: number;
  capacity: number;
  draining: boolean;
}

/** Kept in the sessions table; every item of it expires by itself. */
export interface ConnectionStore {
  /** The first claim wins; comes back with whoever owns the connection now. */
  claim(connectionId: string, by: Task): Promise<Owner>;
  owner(connectionId: string): Promise<Owner | undefined>;
  /** Says that this task lives, and how busy it is. */
  report(load: TaskLoad): Promise<void>;
  /** Tasks that reported lately. */
  tasks(): Promise<TaskLoad[]>;
  /** Takes the task off the list. */
  leave(task: Task): Promise<void>;
}

/** `gone`: the carrier's socket is closed. `busy`: too many posts, or a carrier that does not read; later. `too-large`: never. */
export type PostResult = 'taken' | 'gone' | 'busy' | 'too-large';

/** `@connections` of API Gateway. Other failures than those named reject. */
export interface ConnectionPosts {
  post(connectionId: string, data: Buffer | string): Promise<PostResult>;
  /** Closes the carrier's socket; fine when it is closed already. */
  drop(connectionId: string): Promise<void>;
  close(): void;
}
