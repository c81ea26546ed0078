#!/bin/sh
# Remakes every clip of clips.json beside it: speech by Debian's espeak-ng, 8 kHz mono 16-bit WAV by sox.
# A person runs this after a change of words, from the project's root; nothing else ever does.
# The words, voices and tones stand in local/speech/clips.json.
# Needs: apt-get install espeak-ng sox, and node.
set -eu
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# One line per clip: name, folder, tone in Hz (or -), seconds, voice, words per minute, pitch, text.
node -e '
  const clips = JSON.parse(require("node:fs").readFileSync("local/speech/clips.json", "utf8"));
  for (const [name, c] of Object.entries(clips)) {
    const cells = [name, c.into ?? "local/speech/clips", c.tone ?? "-", c.seconds ?? "-", c.voice ?? "-", c.speed ?? 155, c.pitch ?? 50, c.text];
    console.log(cells.join("|"));
  }' > "$work/list"

while IFS='|' read -r name into tone seconds voice speed pitch text; do
  mkdir -p "$into"
  if [ "$tone" != "-" ]; then
    sox -n -r 8000 -b 16 -c 1 "$work/level.wav" synth "$seconds" sine "$tone" gain -6
  else
    espeak-ng -v "$voice" -s "$speed" -p "$pitch" -w "$work/said.wav" "$text" < /dev/null
    # Down to the telephone's band; silence off both ends; pauses inside held to 0.2 s, so that a clip is one utterance.
    sox -D "$work/said.wav" -r 8000 -b 16 -c 1 "$work/level.wav" gain -6 highpass 120 lowpass 3500 \
      silence -l 1 0.02 0.4% -1 0.2 0.4% reverse silence 1 0.02 0.4% reverse pad 0.02 0.04
  fi
  # To -20 dBFS RMS; the limiter keeps peaks from clipping.
  rms=$(sox "$work/level.wav" -n stat 2>&1 | awk '/RMS.*amplitude/ { print $3 }')
  gain=$(awk -v rms="$rms" 'BEGIN { g = -20 - 20 * log(rms) / log(10); printf "%s%.2f", (g > 0 ? "-l " : ""), g }')
  # shellcheck disable=SC2086 # "-l 6.0" is two words on purpose
  sox -D "$work/level.wav" -b 16 "$into/$name.wav" gain $gain
done < "$work/list"
