import { escaped } from '@rmsnorm/core/driver';

/**
 * Control characters, those of C1 and line ends too; characters that are not seen, among them those that turn the direction
 * of text; and halves of surrogate pairs.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * Text on one line, with what a terminal would act upon written as `\x1b`. Names and messages that come from files,
 * arguments and other programs may hold anything.
 */
export function printable(text: string): string {
  return escaped(text);
}

/** JSON of a value, with the same characters as escapes of JSON: the value stays the same. */
export function printableJson(value: unknown): string {
  const json = JSON.stringify(value, null, 2);
  return json.replace(UNPRINTABLE, (char) =>
    // JSON.stringify wrote line ends between the members; those in strings are escaped already.
    char === '\n'
      ? char
      : [...Array(char.length).keys()].map((i) => `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''),
  );
}

/** What is longer than a screen is cut. */
const MOST_CHARACTERS = 4000;

/** The text of an error, from wherever, on one line of bounded length. */
export function oneLine(text: string): string {
  const line = printable(text);
  if (line.length <= MOST_CHARACTERS) return line;
  return `${line.slice(0, MOST_CHARACTERS)}... (${line.length - MOST_CHARACTERS} characters more)`;
}
