// Names the debugger's error for a media socket that could not be opened, or that broke: asked by the stream.

/** Codes of the public list: 31901 timed out, 31902 refused, 31903 broke off, 31920 handshake, 31924 protocol error. */
export const socketFailure = (error: NodeJS.ErrnoException, wasOpen: boolean): { code: number; message: string } => {
  if (error.code?.startsWith('WS_ERR_')) return { code: 31_924, message: `Stream - WebSocket protocol error (${error.code})` };
  if (wasOpen) return { code: 31_903, message: `Stream - the connection broke (${error.code ?? error.message})` };
  if (error.code === 'ECONNREFUSED') return { code: 31_902, message: 'Stream - connection refused' };
  if (/timed out/.test(error.message) || ['ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ETIMEDOUT'].includes(error.code ?? '')) {
    return { code: 31_901, message: 'Stream - connecting timed out' };
  }
  return { code: 31_920, message: `Stream - WebSocket handshake failed (${error.message})` };
};
