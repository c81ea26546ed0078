// What carrying calls through API Gateway needs from outside: a register of who owns which connection, and the way back to the carrier.
import type { AudioShape } from '#audio/formats.ts';
import type { CarrierName } from '#calls/lead.ts';

/** A relay process, as others reach it. `task` is new with each start: a process that came back at the same address owns nothing. */
export interface Task {
  /** `host:port` inside the private network. */
  address: string;
  task: string;
}

/** A carrier's stream as another task needs to know it to go on with its call. */
export interface CarriedStream {
  carrier: CarrierName;
  streamSid: string;
  callSid: string;
  shape: AudioShape;
  callId: string;
  /** Of the ticket that it showed. */
  epoch: number;
}

export interface Owner extends Task {
  /** One more after each takeover. */
  epoch: number;
  /** Absent while the stream has shown no ticket that is good: there is nothing to take over. */
  stream?: CarriedStream | undefined;
}

export interface TaskLoad extends Task {
  /** What it runs: a deployment's task definition. */
  revision: string;
  /** ISO 8601. The revision of the task that started last is the one that takes calls. */
  startedAt: string;
  active: number;
  capacity: number;
  draining: boolean;
}

/** Kept in the sessions table; every item of it expires by itself. */
export interface ConnectionStore {
  /** The first claim wins; comes back with whoever owns the connection now. */
  claim(connectionId: string, by: Task): Promise<Owner>;
  owner(connectionId: string): Promise<Owner | undefined>;
  /** Notes what the connection carries, if it is still owned so; `false`: somebody has taken it over. */
  carry(connectionId: string, by: Owner, stream: CarriedStream): Promise<boolean>;
  /** Gives the connection to another task, with the next epoch, if it is still owned as in `from`. Comes back with whoever owns it now. */
  takeOver(connectionId: string, from: Owner, by: Task): Promise<Owner | undefined>;
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
