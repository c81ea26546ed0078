// Called by both pages: what this tab remembers over a reload, and forgets when it is closed.

export interface Memory {
  read(name: string): string | null;
  /** Null forgets. */
  write(name: string, value: string | null): void;
}

/** sessionStorage under our own prefix; where the browser forbids it, the page's own memory, which a reload loses. */
export const tabMemory = (): Memory => {
  const page = new Map<string, string>();
  const storage = ((): Storage | undefined => {
    try {
      return window.sessionStorage;
    } catch {
      // Reading the property throws where the visitor blocks all site data.
      return undefined;
    }
  })();
  return {
    read: (name) => (storage ? storage.getItem(`ringback.${name}`) : page.get(name) ?? null),
    write: (name, value) => {
      if (value === null) { storage?.removeItem(`ringback.${name}`); page.delete(name); return; }
      if (storage) storage.setItem(`ringback.${name}`, value);
      else page.set(name, value);
    },
  };
};
