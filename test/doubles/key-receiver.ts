// A DTMF receiver for tests, written from ITU-T Q.23 and Q.24 and from nothing of ours: Goertzel over 10 ms pieces finds which keys sounded, how
// long, and how loud.
const LOW = [697, 770, 852, 941];
const HIGH = [1209, 1336, 1477, 1633];
const KEYS = ['1', '2', '3', 'A', '4', '5', '6', 'B', '7', '8', '9', 'C', '*', '0', '#', 'D'];

/** Peak of the tone of `hz` in these samples, in units of PCM16. */
export const goertzel = (pcm: Int16Array, hz: number, rateHz: number): number => {
  const coefficient = 2 * Math.cos((2 * Math.PI * hz) / rateHz);
  let [before, last] = [0, 0];
  for (const sample of pcm) [before, last] = [last, sample + coefficient * last - before];
  return (2 * Math.sqrt(Math.max(0, before * before + last * last - coefficient * before * last))) / pcm.length;
};

const loudest = (pcm: Int16Array, among: number[], rateHz: number): { place: number; peak: number; next: number } => {
  const peaks = among.map((hz) => goertzel(pcm, hz, rateHz));
  const place = peaks.indexOf(Math.max(...peaks));
  return { place, peak: peaks[place]!, next: Math.max(...peaks.filter((_, i) => i !== place)) };
};

export interface Pressed {
  key: string;
  fromMs: number;
  ms: number;
}

const PIECE_MS = 10;
/** A piece of 10 ms cannot part neighbouring tones; over five of them it can. */
const LOOK_MS = 50;

/** The keys that sounded, in order. Loudness alone says when; the tones in the middle say which. */
export const keysIn = (pcm: Int16Array, rateHz: number): Pressed[] => {
  const size = (PIECE_MS * rateHz) / 1000;
  const pieces = Array.from({ length: Math.floor(pcm.length / size) }, (_, i) => pcm.subarray(Math.round(i * size), Math.round((i + 1) * size)));
  const loud = pieces.map((piece) => Math.sqrt(piece.reduce((sum, sample) => sum + sample * sample, 0) / piece.length) > 1000);
  const pressed: Pressed[] = [];
  for (let from = 0; from < loud.length; from++) {
    if (!loud[from]) continue;
    let until = from;
    while (loud[until]) until++;
    const middle = Math.round(((from + until) / 2) * size);
    const half = Math.round((LOOK_MS * rateHz) / 2000);
    const heard = pcm.subarray(Math.max(0, middle - half), middle + half);
    const [low, high] = [loudest(heard, LOW, rateHz), loudest(heard, HIGH, rateHz)];
    const clear = low.peak > 4 * low.next && high.peak > 4 * high.next;
    pressed.push({ key: clear ? KEYS[low.place * 4 + high.place]! : '?', fromMs: from * PIECE_MS, ms: (until - from) * PIECE_MS });
    from = until;
  }
  return pressed;
};
