// The applets that a flow may be made of, as the dashboard would configure them. Read by settings.ts, run by flow.ts.

/** Reads words to the caller; `text` may be an http(s) URL that is asked for them (HEAD, then GET; text/plain and nothing else). */
export type Greeting = { applet: 'greeting'; text: string };
/** Tells a URL about the call. Sync: 200 goes on with `on200` and 302 with `on302` (absent: the next applet). Async: goes on at once. */
export type Passthru = { applet: 'passthru'; url: string; async?: boolean; on200?: Flow; on302?: Flow };
/** Asks a URL what to gather; the digits are told to the next Passthru. */
export type Gather = { applet: 'gather'; url: string; fallbackUrl?: string };
/** Dials numbers (`to`), or those that a URL answers with, and joins the first that answers. */
export type Connect = { applet: 'connect'; url?: string; fallbackUrl?: string; to?: readonly string[] };
/** Both ways; the flow waits. The URL is ws(s), or http(s) and answers {"url":"wss://…"}. `record`: the call is recorded. */
export type Voicebot = { applet: 'voicebot'; url: string; record?: boolean };
/** One way, from the caller only; the flow goes on at once. */
export type Stream = { applet: 'stream'; action: 'start'; url: string } | { applet: 'stream'; action: 'stop' };
/** The legacy: an XML document that a URL answers with (see exoml.ts). */
export type Exoml = { applet: 'exoml'; url: string; method?: 'GET' | 'POST' };
export type Hangup = { applet: 'hangup' };

export type Applet = Greeting | Passthru | Gather | Connect | Voicebot | Stream | Exoml | Hangup;
/** What is behind the last applet is the end of the call. */
export type Flow = readonly Applet[];
