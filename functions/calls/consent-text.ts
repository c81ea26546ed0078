// Kept as evidence where the sender of an enquiry does not say what was shown (the page does: it sends its own words).
export const consentText = 'I agree that an AI voice agent calls me at this number about my enquiry, and that the call may be transcribed. '
  + 'I can stop it at any time by saying so or by pressing 9.';
