// A strict XML reader, just large enough for TwiML: the document runner parses every answer with it and takes no excuses.

export type Element = { name: string; attributes: Record<string, string>; children: Element[]; text: string };

/** Not well-formed; the message says where and why. */
export class XmlError extends Error {}

const NAME = /[A-Za-z_][\w.:-]*/y;
const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

const decode = (raw: string, at: number): string =>
  raw.replace(/&([^;&\s]*);?/g, (whole, name: string) => {
    const known = whole.endsWith(';') ? ENTITIES[name] : undefined;
    if (known !== undefined) return known;
    const digits = whole.endsWith(';') ? /^#(?:x([0-9a-f]{1,6})|(\d{1,7}))$/i.exec(name) : null;
    const code = digits ? parseInt(digits[1] ?? digits[2] ?? '', digits[1] === undefined ? 10 : 16) : NaN;
    if (!(code > 0 && code <= 0x10ffff)) throw new XmlError(`an unescaped or unknown entity ${whole.slice(0, 20)} at offset ${at}`);
    return String.fromCodePoint(code);
  });

/** The root element of a document. No DOCTYPE, nothing before `<?xml`, one root, every tag closed, every attribute quoted and named once. */
export const parseXml = (source: string): Element => {
  const xml = source.startsWith('\uFEFF') ? source.slice(1) : source;
  let at = 0;
  const fail = (why: string): never => {
    throw new XmlError(`${why} at offset ${at}`);
  };
  const skipSpace = (): boolean => {
    const before = at;
    while (/\s/.test(xml[at] ?? '')) at += 1;
    return at > before;
  };
  const past = (end: string, what: string): string => {
    const found = xml.indexOf(end, at);
    if (found < 0) return fail(`${what} is not closed`);
    const inside = xml.slice(at, found);
    at = found + end.length;
    return inside;
  };
  const readName = (): string => {
    NAME.lastIndex = at;
    const name = NAME.exec(xml)?.[0] ?? fail('a name is expected');
    at += name.length;
    return name;
  };
  const skipMisc = (): void => {
    for (;;) {
      skipSpace();
      if (xml.startsWith('<!--', at)) {
        at += 4;
        past('-->', 'a comment');
      } else if (xml.startsWith('<?', at)) {
        if (/^<\?xml\s/i.test(xml.slice(at, at + 6))) fail('the XML declaration is not the very first thing in the document, but stands');
        at += 2;
        past('?>', 'a processing instruction');
      } else return;
    }
  };
  const readAttributes = (): Record<string, string> => {
    const attributes: Record<string, string> = {};
    while (skipSpace() && !/[/>]/.test(xml[at] ?? '>')) {
      const name = readName();
      skipSpace();
      if (xml[at] !== '=') fail(`attribute ${name} has no value`);
      at += 1;
      skipSpace();
      const quote = xml[at] ?? '';
      if (quote !== '"' && quote !== "'") fail(`attribute ${name} is not quoted`);
      at += 1;
      const value = past(quote, `attribute ${name}`);
      if (value.includes('<')) fail(`attribute ${name} holds an unescaped <`);
      if (Object.hasOwn(attributes, name)) fail(`attribute ${name} is given twice`);
      attributes[name] = decode(value.replace(/[\r\n\t]/g, ' '), at);
    }
    return attributes;
  };
  const readElement = (depth: number): Element => {
    if (depth > 20) fail('elements are nested too deeply');
    if (xml[at] !== '<') fail('an element is expected');
    at += 1;
    const element: Element = { name: readName(), attributes: readAttributes(), children: [], text: '' };
    if (xml.startsWith('/>', at)) {
      at += 2;
      return element;
    }
    if (xml[at] !== '>') fail(`the tag <${element.name}> is malformed`);
    at += 1;
    for (;;) {
      const start = at;
      const next = xml.indexOf('<', at);
      if (next < 0) fail(`<${element.name}> is not closed`);
      element.text += decode(xml.slice(start, next), start);
      at = next;
      if (xml.startsWith('</', at)) {
        at += 2;
        const closes = readName();
        if (closes !== element.name) fail(`</${closes}> closes <${element.name}>`);
        skipSpace();
        if (xml[at] !== '>') fail(`</${closes}> is malformed`);
        at += 1;
        return element;
      }
      if (xml.startsWith('<!--', at)) {
        at += 4;
        past('-->', 'a comment');
      } else if (xml.startsWith('<![CDATA[', at)) {
        at += 9;
        element.text += past(']]>', 'a CDATA section');
      } else element.children.push(readElement(depth + 1));
    }
  };
  if (/^<\?xml\s/.test(xml)) past('?>', 'the XML declaration');
  skipMisc();
  const root = readElement(0);
  skipMisc();
  if (at < xml.length) fail('something stands after the root element');
  return root;
};
