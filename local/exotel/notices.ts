// What the simulated Exotel finds wrong with what it is sent, kept in order for people and tests. The real one says none of it aloud.

export type Notice = {
  at: string;
  level: 'warning' | 'error';
  /** A name of our own: Exotel has no list of error numbers for these. */
  code: string;
  message: string;
  callSid: string | null;
};

export type Notices = {
  note(level: Notice['level'], code: string, message: string, callSid?: string): void;
  list(callSid?: string): Notice[];
};

/** Keeps the last `keep` notices. `log` gets the code and the message only: neither holds a number or an address. */
export const createNotices = (date: () => Date, log: (line: string) => void, keep = 5000): Notices => {
  const notices: Notice[] = [];
  return {
    note(level, code, message, callSid) {
      notices.push({ at: date().toISOString(), level, code, message, callSid: callSid ?? null });
      if (notices.length > keep) notices.splice(0, notices.length - keep);
      log(`${level} ${code}: ${message}`);
    },
    list: (callSid) => notices.filter((notice) => callSid === undefined || notice.callSid === callSid),
  };
};
