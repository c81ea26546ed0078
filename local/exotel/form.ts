// Reads the body of a REST request: urlencoded or multipart. JSON is no form here either, so it leaves every parameter missing.
import { type Form, RestError } from './rest-values.ts';

/** Throws RestError 400 for a multipart body that is none. */
export const readForm = async (contentType: string | undefined, body: Buffer): Promise<Form> => {
  if (/^application\/x-www-form-urlencoded\b/i.test(contentType ?? '')) return [...new URLSearchParams(body.toString('utf8'))];
  if (!/^multipart\/form-data\b/i.test(contentType ?? '')) return [];
  try {
    const form = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType ?? '' } }).formData();
    return [...form].flatMap(([name, value]) => (typeof value === 'string' ? [[name, value] as const] : []));
  } catch {
    throw new RestError(400, 'The multipart body could not be read');
  }
};
