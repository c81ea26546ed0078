// A process that dies: everything it does through its ports counts, and at the chosen step it throws, and from then on for ever.

export class Crash extends Error {
  constructor() {
    super('the process was killed');
    this.name = 'Crash';
  }
}

/** At step `at` (from 0) the process dies, `before` the step has any effect or `after` it has had all of it. */
export interface CrashPlan {
  at: number;
  when: 'before' | 'after';
}

type Port = object;
const isPort = (value: unknown): value is Port => typeof value === 'object' && value !== null && Object.values(value).some((member) => typeof member === 'function');

/** The same ports, for one process. Without a plan, it lives. `steps` counts. */
export const mortal = <T extends Record<string, unknown>>(deps: T, plan: CrashPlan | undefined): { deps: T; steps: () => number } => {
  let step = 0;
  let dead = false;
  const wrap = (port: Port): Port => new Proxy(port, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return isPort(member) ? wrap(member) : member;
      return async (...args: unknown[]): Promise<unknown> => {
        if (dead) throw new Crash();
        const dies = plan?.at === step ? plan.when : undefined;
        step += 1;
        if (dies) dead = true;
        if (dies === 'before') throw new Crash();
        const result: unknown = await Reflect.apply(member, target, args);
        if (dies === 'after' || dead) throw new Crash();
        return result;
      };
    },
  });
  const wrapped = Object.fromEntries(Object.entries(deps).map(([name, value]) =>
    name === 'clock' || name === 'policy' ? [name, value]
      : name === 'carriers' ? [name, Object.fromEntries(Object.entries(value as Record<string, Port>).map(([carrier, port]) => [carrier, wrap(port)]))]
        : [name, isPort(value) ? wrap(value) : value]));
  return { deps: wrapped as T, steps: () => step };
};
