// The account's debugger: every warning and error that the real carrier would show in its console, kept in order for people and tests.

export type Notice = {
  at: string;
  level: 'warning' | 'error';
  /** The public error number: https://www.twilio.com/docs/errors/<code>. */
  code: number;
  message: string;
  callSid: string | null;
  url: string | null;
};

export type Debugger = {
  note(level: Notice['level'], code: number, message: string, where?: { callSid?: string; url?: string }): void;
  notices(callSid?: string): Notice[];
};

/** Keeps the last `keep` notices. `log` gets the code and the message only: no number, no address. */
export const createDebugger = (date: () => Date, log: (line: string) => void, keep = 5000): Debugger => {
  const notices: Notice[] = [];
  return {
    note(level, code, message, where = {}) {
      notices.push({ at: date().toISOString(), level, code, message, callSid: where.callSid ?? null, url: where.url ?? null });
      if (notices.length > keep) notices.splice(0, notices.length - keep);
      log(`${level} ${code}: ${message}`);
    },
    notices: (callSid) => notices.filter((notice) => callSid === undefined || notice.callSid === callSid),
  };
};
