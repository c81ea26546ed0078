// A register of connections in memory, of one process: the same answers as the table's (store/dynamo-connection-store.ts), at once.
import type { ConnectionStore, Owner, TaskLoad } from '#relay/gateway-ports.ts';

export const memoryConnections = () => {
  const owners = new Map<string, Owner>();
  const tasks = new Map<string, TaskLoad>();
  const store: ConnectionStore = {
    claim: async (id, { address, task }) => {
      const owner = owners.get(id) ?? { address, task, epoch: 0 };
      owners.set(id, owner);
      return owner;
    },
    owner: async (id) => owners.get(id),
    carry: async (id, by, stream) => {
      const owner = owners.get(id);
      if (!owner || owner.task !== by.task || owner.epoch !== by.epoch) return false;
      owners.set(id, { ...owner, stream });
      return true;
    },
    takeOver: async (id, from, { address, task }) => {
      const owner = owners.get(id);
      if (owner?.task === from.task && owner.epoch === from.epoch) owners.set(id, { ...owner, address, task, epoch: owner.epoch + 1 });
      return owners.get(id);
    },
    report: async (load) => void tasks.set(load.task, load),
    tasks: async () => [...tasks.values()],
    leave: async ({ task }) => void tasks.delete(task),
  };
  return { owners, tasks, store };
};
