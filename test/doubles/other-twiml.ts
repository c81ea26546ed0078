// TwiML as another fake Twilio reads it: verbs in order, each with attributes, text and children. Understands well-formed XML only.

export interface Verb {
  name: string;
  attributes: Record<string, string>;
  text: string;
  children: Verb[];
}

const entities: Record<string, string> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&apos;': "'" };
const plain = (text: string): string => text.replace(/&(?:amp|lt|gt|quot|apos);/g, (entity) => entities[entity]!);

/** The verbs inside `<Response>`. Throws for anything that is not a TwiML document. */
export const readTwiml = (document: string): Verb[] => {
  const top: Verb = { name: '', attributes: {}, text: '', children: [] };
  const open: Verb[] = [top];
  const body = document.replace(/^<\?xml[^>]*\?>/, '');
  let end = 0;
  for (const found of body.matchAll(/<(\/?)([A-Za-z]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/g)) {
    if (found.index !== end) throw new Error(`not XML at ${end}: ${body.slice(end, end + 40)}`);
    end += found[0].length;
    const [, closes, name, attributes = '', empty, text] = found;
    const inner = open.at(-1)!;
    if (text !== undefined) inner.text += plain(text);
    else if (closes) {
      if (open.length === 1 || open.pop()!.name !== name) throw new Error(`</${name}> closes nothing`);
    } else {
      const verb: Verb = { name: name!, attributes: {}, text: '', children: [] };
      for (const [, key, value] of attributes.matchAll(/([\w:-]+)="([^"]*)"/g)) verb.attributes[key!] = plain(value!);
      inner.children.push(verb);
      if (!empty) open.push(verb);
    }
  }
  if (end !== body.length || open.length !== 1 || top.children.length !== 1 || top.children[0]!.name !== 'Response') throw new Error(`not a TwiML document: ${document.slice(0, 80)}`);
  return top.children[0]!.children;
};
