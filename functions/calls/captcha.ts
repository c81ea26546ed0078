// The captcha of the enquiry, where one is configured: who has not solved it is told so before anything is written or counted.
import { VisibleError } from './errors.ts';

export interface CaptchaProof {
  /** What the widget on the page gave out. */
  token: string;
  /** The visitor's address, as the gateway vouches for it. */
  ip: string | null;
  /** Stands for this enquiry: asked again with the same one, a token that was good for it stays good; for another enquiry it is used up. */
  enquiryKey: string;
}

export interface Captcha {
  /** False: not solved, too old, or used for another enquiry. Throws VisibleError `unavailable` when nobody can tell: fail closed. */
  isSolved(proof: CaptchaProof): Promise<boolean>;
}

/** Throws VisibleError naming the field `captcha`. Without a captcha configured, everybody passes. */
export const mustBeSolved = async (captcha: Captcha | undefined, proof: Omit<CaptchaProof, 'token'> & { token: string | null }): Promise<void> => {
  if (!captcha) return;
  if (proof.token === null) throw new VisibleError('invalid', 'captcha-missing', 'The captcha was not solved.', { fields: [{ field: 'captcha', message: 'is needed: what the Turnstile widget on the page gave out' }] });
  if (await captcha.isSolved({ ...proof, token: proof.token })) return;
  throw new VisibleError('invalid', 'captcha-failed', 'The captcha was not solved, or too long ago. Please solve it again.', { fields: [{ field: 'captcha', message: 'is not good any more: it holds for five minutes and for one enquiry' }] });
};
