// Reads XML strictly, small as TwiML is: throws at anything that is not well-formed.

export interface Element {
  name: string;
  attributes: Record<string, string>;
  children: Element[];
  text: string;
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: '\'' };
const decode = (raw: string): string => {
  if (/&(?!(amp|lt|gt|quot|apos|#\d+|#x[0-9a-f]+);)/i.test(raw) || raw.includes('<')) throw new Error(`not escaped: ${raw}`);
  return raw.replace(/&(#x?[0-9a-f]+|\w+);/gi, (_all, name: string) =>
    name.startsWith('#') ? String.fromCodePoint(/^#x/i.test(name) ? parseInt(name.slice(2), 16) : Number(name.slice(1))) : entities[name]!);
};

export const parseXml = (source: string): Element => {
  let at = 0;
  const fail = (what: string): never => { throw new Error(`${what} at ${at} of ${source}`); };
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    const found = new RegExp(pattern.source, 'y');
    found.lastIndex = at;
    const match = found.exec(source);
    if (match) at = found.lastIndex;
    return match ?? undefined;
  };
  const element = (): Element => {
    const name = (take(/<([A-Za-z][\w.-]*)/) ?? fail('no element'))[1]!;
    const one: Element = { name, attributes: {}, children: [], text: '' };
    for (let attribute = take(/\s+([A-Za-z][\w.:-]*)="([^"<]*)"/); attribute; attribute = take(/\s+([A-Za-z][\w.:-]*)="([^"<]*)"/)) {
      const name = attribute[1]!;
      if (name in one.attributes) fail('an attribute twice');
      one.attributes[name] = decode(attribute[2]!);
    }
    if (take(/\s*\/>/)) return one;
    if (!take(/\s*>/)) fail('no end of a tag');
    while (!take(/<\/([A-Za-z][\w.-]*)\s*>/)) {
      const text = take(/[^<]+/);
      if (text) one.text += decode(text[0]);
      else if (source[at] === '<') one.children.push(element());
      else fail('no end of an element');
    }
    if (!source.slice(0, at).endsWith(`</${name}>`)) fail('another element ends');
    return one;
  };
  take(/<\?xml version="1\.0" encoding="UTF-8"\?>\s*/);
  const root = element();
  take(/\s*/);
  if (at !== source.length) fail('more after the end');
  return root;
};
