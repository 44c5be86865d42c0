import { WASM_TEXT } from './generated/wasm-text.ts';

/** How many bytes, the most frequent ones, are encoded as one character. */
const PAGE = 91;

/**
 * Decodes what scripts/encode-text.mjs encoded. Packages are compressed when they are sent, and a byte that is one
 * character compresses like the byte itself; base64 would hide every repetition. Compiled code consists mostly of few
 * different bytes.
 *
 * The text begins with 64 hexadecimal digits, which have a bit for each of the 256 bytes: whether it is one of the 91
 * most frequent. These come first in the order of bytes, each kind ascending. Each byte is then one of the characters
 * from space to ~ without ' and \, by its place in that order. After one of the last two characters, places count from 91
 * or from 182.
 */
export function decodeText(text: string = WASM_TEXT): Uint8Array<ArrayBuffer> {
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
