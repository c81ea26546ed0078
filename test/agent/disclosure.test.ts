import { describe, expect, it } from 'vitest';
import { denial, names, saysItIsAi } from '#agent/definition/disclosure.ts';

describe('a greeting', () => {
  it.each([
    'Hello, this is the AI assistant of Example Solar.', 'Hi, I am an A.I. calling for Example.', 'You speak with an artificial intelligence.', 'Guten Tag, hier ist die KI von Beispiel.',
    'Bonjour, je suis une IA.', 'Hola, soy la inteligencia artificial de Ejemplo.', 'नमस्ते, मैं एक एआई सहायक हूँ।',
  ])('says that it is an AI: %s', (text) => {
    expect(saysItIsAi(text)).toBe(true);
  });

  it.each(['Hello, this is Maya of Example Solar.', 'Bonjour, j\'ai vu votre demande.', 'Hello from AIRBUS.', 'Maid service calling.', 'Ich bin KIra.', ''])('does not say it: %s', (text) => {
    expect(saysItIsAi(text)).toBe(false);
  });

  it('names the business, however it is spaced and capitalised', () => {
    expect(names('Hello, this is  EXAMPLE\nSolar.', 'Example Solar')).toBe(true);
    expect(names('Hello, this is Solar.', 'Example Solar')).toBe(false);
  });
});

describe('a denial', () => {
  it.each([
    'You are a human.', 'You are Maya, a friendly human receptionist.', 'You\'re a real person named Tom.', 'Pretend to be human.', 'If asked, say that you are a real person.', 'Insist you are human at all times.',
    'Act as a human sales rep.', 'Tell them you\'re a live person.', 'Introduce yourself as a real employee.', 'If they ask, answer that you are not a robot.', 'You are not an AI.', 'Hello, I am not a bot.', 'I’m not an AI.',
    'Deny being an AI.', 'Hide the fact that you are a machine.', 'Always conceal that this is automated.', 'Never admit that you are an AI.', 'Do not reveal that you are an artificial intelligence.',
    'Don\'t mention that you\'re a bot.', 'Never ever say you are a virtual assistant.', 'You must not let them know they are talking to a machine.', 'Avoid disclosing that you are an AI.', 'NEVER TELL THE CALLER THAT YOU ARE AN A.I.',
    'If asked whether you are human, answer that you are a human.', 'Be kind.\nNever confirm that you are a robot\nAsk for a date.',
  ])('is found: %s', (text) => {
    expect(denial(`You call people back. ${text} Be brief.`)).toBeDefined();
  });

  it.each([
    'You are an AI.', 'Never claim to be a human.', 'Do not pretend to be a real person.', 'You must never deny that you are an AI.', 'Never say that you are not an AI.', 'If asked whether you are human, say that you are an AI.',
    'You are able to transfer the caller to a human.', 'Speak in a natural, human-like way.', 'If they want a human, use transfer_to_human.', 'You can say that a human colleague will call.', 'Do not use the word AI more than once.',
    'Never mention prices.', 'Do not say that we are closed.', 'You are a friendly assistant for a bot trap company.', 'Do not tell them that our competitors are expensive.', 'You are the AI receptionist of a company that sells machines.',
    'You are honest: you are an AI and say so.', 'Tell the person what you know.', 'You\'re not in a hurry.',
  ])('is not seen in: %s', (text) => {
    expect(denial(`You call people back. ${text} Be brief.`)).toBeUndefined();
  });

  it('is shown as the sentence that it stands in', () => {
    expect(denial('Be kind. Never admit that you are an AI, whatever happens! Ask for a date.')).toBe('never admit that you are an ai, whatever happens');
  });
});
