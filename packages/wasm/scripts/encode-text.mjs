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
  const frequent = new Set(all.toSorted((a, b) => counts[b] - counts[a]).slice(0, PAGE));
  const order = [...all.filter((byte) => frequent.has(byte)), ...all.filter((byte) => !frequent.has(byte))];
  const rank = new Map(order.map((byte, i) => [byte, i]));
  let text = '';
  for (let byte = 0; byte < 256; byte += 4) {
    text += [0, 1, 2, 3].reduce((bits, i) => bits | (Number(frequent.has(byte + i)) << i), 0).toString(16);
  }
  for (const byte of bytes) {
    const at = rank.get(byte);
    if (at >= PAGE) text += CHARACTERS[PAGE - 1 + Math.floor(at / PAGE)];
    text += CHARACTERS[at % PAGE];
  }
  return text;
}
