// Bytes of the first page, each of which is one character: the most frequent ones.
const PAGE = 91;

/**
 * The bytes that scripts/encode-text.mjs wrote as text. Packages travel compressed, and a byte that is one character
 * compresses as it does by itself, where base64 spoils every repetition; compiled code has few bytes that are frequent.
 *
 * First 64 hexadecimal digits, of whose bits one for each byte says whether it is one of the 91 most frequent; those come
 * first, each sort in ascending order. Then one character for each byte, from space to ~ without ' and \, by its place
 * among them; behind one of the last two characters that place counts from 91 or 182 on.
 */
export function decodeText(text: string): Uint8Array<ArrayBuffer> {
  const order: number[] = [];
  for (const sort of [1, 0]) {
    for (let byte = 0; byte < 256; byte++) {
      if (((Number.parseInt(text[byte >> 2]!, 16) >> (byte & 3)) & 1) === sort) order.push(byte);
    }
  }
  const bytes: number[] = [];
  let page = 0;
  for (let i = 64; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const at = code - 32 - (code > 39 ? 1 : 0) - (code > 92 ? 1 : 0);
    if (at >= PAGE) {
      page = (at - PAGE + 1) * PAGE;
    } else {
      bytes.push(order[page + at]!);
      page = 0;
    }
  }
  return Uint8Array.from(bytes);
}
