// The same answers in XML, which is what the v1 API writes when a path does not end in .json. Asked by http.ts.

const escape = (value: string | number | boolean): string => String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const element = (name: string, value: unknown): string => {
  if (value === null || value === undefined || value === '') return `<${name}/>`;
  if (Array.isArray(value)) {
    const one = name.replace(/s$/, '');
    return `<${name}>${value.map((item: unknown) => (typeof item === 'object' && item !== null && one in item ? inside(item) : element(one, item))).join('')}</${name}>`;
  }
  return `<${name}>${typeof value === 'object' ? inside(value) : escape(value as string | number | boolean)}</${name}>`;
};

const inside = (value: object): string => Object.entries(value).map(([name, one]) => element(name, one)).join('');

/** Lists are elements named in the plural, with their items named in the singular. */
export const toXml = (body: object): string => `<?xml version="1.0" encoding="UTF-8"?>\n<TwilioResponse>${inside(body)}</TwilioResponse>`;
