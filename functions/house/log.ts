// Structured logs: one JSON object a line, static messages, personal data masked by the field's name.
// Every room takes a Log as an argument; nobody writes to the console.

export type Fields = Record<string, unknown>;
export interface Log {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
  /** A log that adds these fields to each line: `log.with({ callId })`. */
  with(fields: Fields): Log;
}

/** Fields whose values are personal or secret. They are masked wherever they stand, at any depth. */
const masked = /^(phone|to|from|name|text|transcript|summary|interest|consent|ip|address|userAgent|email|ticket|token|secret|password|authorization|apiKey|authToken|digits|body|url)$/i;
const numberLike = /\+?\d[\d\s().-]{6,}\d/g;

/** Digits of E.164 numbers in free text keep only their last two. */
const maskNumbers = (text: string): string => text.replaceAll(numberLike, (n) => `…${n.slice(-2)}`);

/** The first places of a stack. It begins with the message, which may have lines of its own: those are left out. */
const placesOf = (stack: string | undefined): string[] | undefined => stack?.split('\n').filter((line) => /^\s+at /.test(line)).slice(0, 5).map((line) => line.trim());

const clean = (value: unknown, depth: number): unknown => {
  if (value instanceof Error) {
    return {
      name: value.name, message: maskNumbers(value.message), stack: placesOf(value.stack),
      ...('code' in value ? { code: value.code } : {}), ...(value.cause && depth < 4 ? { cause: clean(value.cause, depth + 1) } : {}),
    };
  }
  if (Array.isArray(value)) return depth < 4 ? value.map((v) => clean(v, depth + 1)) : '…';
  if (value && typeof value === 'object') {
    if (depth >= 4) return '…';
    return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, masked.test(key) && v !== null && v !== undefined ? '…' : clean(v, depth + 1)]));
  }
  return value;
};

const levels = { debug: 10, info: 20, warn: 30, error: 40 } as const;
export type Level = keyof typeof levels;

/** `write` gets one line of JSON without a line end; `base` fields are on each line. */
export const jsonLog = (write: (line: string) => void, least: Level = 'info', base: Fields = {}): Log => {
  const at = (level: Level) => (message: string, fields: Fields = {}): void => {
    if (levels[level] < levels[least]) return;
    write(JSON.stringify({ level, time: new Date().toISOString(), message, ...(clean({ ...base, ...fields }, 0) as Fields) }));
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), with: (fields) => jsonLog(write, least, { ...base, ...fields }) };
};

export const stdoutLog = (least: Level = 'info', base: Fields = {}): Log => jsonLog((line) => process.stdout.write(`${line}\n`), least, base);

/** Says nothing; for tests. */
export const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, with: () => silentLog };
