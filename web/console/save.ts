// Called by the console's exports: gives the reader a file.

/** The address of a blob is let go once the browser has had time to begin with it. */
const HELD_MS = 60_000;

export const saveJson = (name: string, value: unknown): void => {
  const address = URL.createObjectURL(new Blob([`${JSON.stringify(value, null, 2)}\n`], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  window.setTimeout(() => URL.revokeObjectURL(address), HELD_MS);
};
