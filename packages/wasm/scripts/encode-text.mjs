// The inverse of src/decode-text.ts.

/** Characters of a string literal that need no escape: from space to ~ without ' and \. */
const CHARACTERS = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).filter(
  (c) => c !== "'" && c !== '\\',
);
const PAGE = CHARACTERS.length - 2;

/** Bytes as printable text. */
export function encodeText(bytes) {
  const counts = new Array(256).fill(0);
  for (const byte of bytes) counts[byte]++;
  const all = [...counts.keys()];
  const frequent = all.toSorted((a, b) => counts[b] - counts[a]).slice(0, PAGE);
  const rank = new Map([...frequent, ...all.filter((byte) => !frequent.includes(byte))].map((byte, i) => [byte, i]));
  let text = Buffer.from(frequent).toString('hex');
  for (const byte of bytes) {
    const at = rank.get(byte);
    if (at >= PAGE) text += CHARACTERS[PAGE - 1 + Math.floor(at / PAGE)];
    text += CHARACTERS[at % PAGE];
  }
  return text;
}
