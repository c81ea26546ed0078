// Arithmetic and print for the tables of this folder.

/** Of sorted samples; NaN of none. */
export const percentile = (sorted: Float32Array, p: number): number => sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * p) / 100))] ?? NaN;

export const median = (values: number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

/** `50/95/99/max` in ms. */
export const spread = (sorted: Float32Array): string => [percentile(sorted, 50), percentile(sorted, 95), percentile(sorted, 99), sorted.at(-1) ?? NaN].map((ms) => (ms < 10 ? ms.toFixed(2) : ms.toFixed(0))).join(' / ');

/** Aligned columns under their heads; the first column to the left. */
export const table = (rows: Record<string, string | number>[]): void => {
  const heads = Object.keys(rows[0] ?? {});
  const widths = heads.map((head) => Math.max(head.length, ...rows.map((row) => String(row[head]).length)));
  const line = (cells: string[]): string => cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]! + 2))).join('');
  console.log(line(heads));
  for (const row of rows) console.log(line(heads.map((head) => String(row[head]))));
};
