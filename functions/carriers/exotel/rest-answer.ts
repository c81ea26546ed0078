// Exotel's REST answers as values, whether they came as JSON or as XML (the default of its API, and of its errors). Used by client.ts.

type Tree = { [name: string]: Tree | Tree[] | string };

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const plain = (text: string): string => text.trim().replaceAll(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w+));/gi, (whole, decimal?: string, hex?: string, name?: string) => {
  const point = decimal ? Number(decimal) : hex ? parseInt(hex, 16) : undefined;
  if (point !== undefined) return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  return entities[name!.toLowerCase()] ?? whole;
});

/** Elements and their text; attributes, comments and instructions are skipped. Elements of one name become a list. Undefined when tags do not fit. */
const readXml = (text: string): Tree | undefined => {
  const root: Tree = {};
  const open: { name: string; tree: Tree; text: string }[] = [{ name: '', tree: root, text: '' }];
  for (const [, cdata, close, name, empty, words] of text.matchAll(/<!\[CDATA\[([^]*?)\]\]>|<!--[^]*?-->|<[?!][^>]*>|<(\/?)([A-Za-z_][\w.:-]*)(?:\s[^>]*?)?(\/?)>|([^<]+)/g)) {
    const here = open.at(-1)!;
    if (cdata !== undefined || words !== undefined) here.text += cdata ?? plain(words!);
    else if (name !== undefined && close) {
      const ended = open.pop()!;
      const parent = open.at(-1);
      if (ended.name !== name || !parent) return undefined;
      const value = Object.keys(ended.tree).length > 0 ? ended.tree : ended.text;
      const known = parent.tree[name];
      parent.tree[name] = known === undefined ? value : [...(Array.isArray(known) ? known : [known]), value] as Tree[];
    } else if (name !== undefined && empty) here.tree[name] ??= '';
    else if (name !== undefined) open.push({ name, tree: {}, text: '' });
  }
  return open.length === 1 ? root : undefined;
};

/** XML lists calls as `<Calls><Call/><Call/></Calls>` where JSON has an array. */
const listed = (tree: Tree): Tree => {
  const calls = tree['Calls'];
  if (calls === undefined || Array.isArray(calls)) return tree;
  const inside = typeof calls === 'string' ? [] : (calls['Call'] ?? []);
  return { ...tree, Calls: (Array.isArray(inside) ? inside : [inside]) as Tree[] };
};

/** Undefined for a body that is neither. */
export const readAnswer = (text: string): unknown => {
  const body = text.trim();
  if (!body.startsWith('<')) {
    try {
      return JSON.parse(body) as unknown;
    } catch {
      return undefined;
    }
  }
  const tree = readXml(body);
  const inner = tree?.['TwilioResponse'];
  return inner !== undefined && typeof inner === 'object' && !Array.isArray(inner) ? listed(inner) : tree && listed(tree);
};
