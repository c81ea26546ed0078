// Telephone numbers as Exotel takes and writes them: E.164 or, for India, 0 and ten digits. Asked wherever a number enters or leaves.

const E164 = /^\+[1-9]\d{7,14}$/;
const NATIONAL = /^0\d{10}$/;

/** `+919876543210` or `09876543210` to E.164; null for everything else (a lost plus, bare digits, spaces). */
export const readNumber = (text: string): string | null => {
  if (E164.test(text)) return text;
  return NATIONAL.test(text) ? `+91${text.slice(1)}` : null;
};

/** The form in which Exotel shows a number: `0XXXXXXXXXX` for India, E.164 for the rest of the world. */
export const national = (number: string): string => (/^\+91\d{10}$/.test(number) ? `0${number.slice(3)}` : number);
