import { describe, expect, it } from 'vitest';
import { DocumentError, readDocument } from '#local/twilio/twiml.ts';
import { parseXml, XmlError } from '#local/twilio/xml.ts';

describe('XML', () => {
  it('reads elements, attributes, text, entities, comments and CDATA', () => {
    expect(parseXml('<?xml version="1.0" encoding="UTF-8"?>\n<!-- a -->\n<R a="1 &amp; 2" b=\'&quot;&#x41;&#66;\'>x<S/>y<![CDATA[<&>]]><!-- c --></R>\n')).toEqual({
      name: 'R', attributes: { a: '1 & 2', b: '"AB' }, text: 'xy<&>', children: [{ name: 'S', attributes: {}, text: '', children: [] }] });
  });

  it.each([
    ['something before the declaration', ' <?xml version="1.0"?><R/>'],
    ['an unescaped ampersand in a URL', '<R u="https://a/b?c=d&e=f"/>'],
    ['an unescaped ampersand in text', '<R>a & b</R>'],
    ['an unescaped < in an attribute', '<R a="<"/>'],
    ['a tag that is not closed', '<R><S></R>'],
    ['an unquoted attribute', '<R a=1/>'],
    ['an attribute given twice', '<R a="1" a="2"/>'],
    ['two roots', '<R/><R/>'],
    ['text after the root', '<R/>x'],
    ['an unknown entity', '<R>&nbsp;</R>'],
    ['a document type', '<!DOCTYPE R><R/>'],
    ['nothing', ''],
    ['JSON', '{"a":1}'],
    ['an attribute without a value', '<R a/>'],
  ])('refuses %s', (_, text) => {
    expect(() => parseXml(text)).toThrow(XmlError);
  });
});

describe('a TwiML document', () => {
  it('is a list of verbs', () => {
    expect(readDocument('<Response><Say voice="Polly.Aditi">Hi</Say><Hangup/></Response>')).toMatchObject({ verbs: [{ name: 'Say' }, { name: 'Hangup' }], notices: [] });
  });

  it.each([
    ['text that is not XML', 'hello', 12_100],
    ['another root', '<response/>', 12_100],
    ['an unknown verb', '<Response><Talk/></Response>', 12_200],
    ['a verb in small letters', '<Response><say>Hi</say></Response>', 12_200],
  ])('fails as a whole: %s', (_, text, code) => {
    expect(() => readDocument(text)).toThrow(DocumentError);
    expect(() => readDocument(text)).toThrow(expect.objectContaining({ code }) as Error);
  });

  it('warns of attributes and children that do not belong, and leaves the children out', () => {
    const { verbs, notices } = readDocument('<Response><Connect><Stream url="wss://a/b" codec="pcm"><Say>x</Say></Stream></Connect><Gather><Hangup/></Gather></Response>');
    expect(notices.map((notice) => notice.code)).toEqual([12_200, 12_200, 12_200]);
    expect(verbs[0]?.children[0]?.children).toEqual([]);
    expect(verbs[1]?.children).toEqual([]);
  });
});
