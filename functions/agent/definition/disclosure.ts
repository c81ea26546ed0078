// Whether the agent's words say that it is an AI and who is calling, and whether they deny it: what can be told from the text alone.
// Pure; called by document.ts. Denials are recognised in English only.

/** How a greeting may say it. Case matters for the short ones: "j'ai" is not an AI. */
const short = /(?<![\p{L}\p{N}])(?:AI|A\.I\.|KI|IA|I\.A\.)(?![\p{L}\p{N}])/u;
const long = /artificial intelligence|künstliche[nr]? intelligenz|intelligence artificielle|inteligencia artificial|inteligência artificial|intelligenza artificiale|kunstmatige intelligentie|एआई|ए\.आई|कृत्रिम बुद्धि|人工智能|人工知能|인공지능|ذكاء اصطناعي/iu;

export const saysItIsAi = (text: string): boolean => short.test(text) || long.test(text.normalize('NFC'));

const plain = (text: string): string => text.normalize('NFKC').toLowerCase().replaceAll(/\s+/g, ' ').trim();

export const names = (text: string, business: string): boolean => plain(text).includes(plain(business));

const machine = String.raw`(?:an? |the )?(?:ai\b|artificial|bot\b|chatbot|robot|machine\b|computer\b|automated|software|(?:virtual |digital )(?:agent|assistant))`;
const person = String.raw`(?:an? )?(?:\p{L}+ ){0,2}?(?:human(?![- ]?like)|(?:real|actual|living|live) (?:person|man|woman|employee)|(?:person|man|woman) of flesh)`;
const being = String.raw`(?:you are|you're|i am|i'm|it is|it's|this is|to be|being|as|like)`;
const negation = /(?:\b(?:never|not|cannot|without|nor|no|refuse to|avoid)|n't)\b/u;

/** Offends unless a negation stands before it in the sentence: "claim to be human", but not "never claim to be human". */
const claims = [
  new RegExp(String.raw`(?<!\b(?:whether|if) )\b(?:you are|you're|i am|i'm|this is) (?:\p{L}+, )?${person}`, 'u'),
  new RegExp(String.raw`\b(?:pretend|claim|insist|assert|act|pose|behave|present yourself|introduce yourself|identify yourself|say|tell|answer|reply|respond)\b[^.]{0,40}?\b${being} ${person}`, 'u'),
  new RegExp(String.raw`(?:\bnot|n't|\bno) (?:really |actually )?(?:being )?${machine}`, 'u'),
  new RegExp(String.raw`\b(?:deny|denies|hide|conceal|disguise)\b[^.]{0,60}?\b${machine}`, 'u'),
];
/** Offends because of the negation: "never mention that you are an AI". */
const silences = new RegExp(
  String.raw`(?:\b(?:never|not|cannot|without|refuse to|avoid)|n't) (?:\p{L}+ ){0,2}?(?:admit|reveal|mention|disclos|confirm|acknowledg|say|tell|let)\p{L}*\b[^.]{0,60}?\b(?:you are|you're|are|being|it is|it's|this is|(?:talking|speaking) (?:to|with)) ${machine}`, 'u',
);

/** "A.I." does not end a sentence; the end of a line does. Typographic quotation marks are read as plain ones or not at all. */
const sentences = (text: string): string[] => plain(text.replaceAll(/A\.I\./gi, 'AI').replaceAll(/[\r\n]+/g, '. ').replaceAll('’', "'").replaceAll(/["“”‘]/g, ''))
  .split(/[.!?;]+/).map((one) => one.trim()).filter((one) => one !== '');

/** The first sentence that denies being an AI, or tells the agent to; undefined when none does. */
export const denial = (text: string): string | undefined => sentences(text).find((sentence) => {
  if (silences.test(sentence)) return true;
  return claims.some((claim) => {
    const found = claim.exec(sentence);
    return found !== null && !negation.test(sentence.slice(0, found.index));
  });
});
