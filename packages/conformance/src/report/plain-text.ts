/**
 * Control characters but for the end of a line, those that format or separate lines, halves of pairs, and what XML has no
 * place for.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\uFFFE\uFFFF]/gu;

/** `text`, which may hold what a driver wrote, so that it alters neither a terminal nor a file: such characters as escapes. */
export function plainText(text: string): string {
  return text.replace(UNSAFE, (character) => {
    if (character === '\n') return character;
    if (character === '\t') return '  ';
    return `\\u{${character.codePointAt(0)!.toString(16)}}`;
  });
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** The text as HTML and XML take it, between tags and in attributes. */
export function markupText(text: string): string {
  return plainText(text).replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}
