/*
 * How messages show what a caller gave. Nothing here throws or calls a caller's toString, toJSON or getters (what a Proxy
 * or a Symbol.toStringTag throws is caught), and every text is short and on one line.
 */

/** The most characters of one value in a message. */
const MOST_CHARACTERS = 200;
const MOST_ENTRIES = 16;
const MOST_DEPTH = 3;
const MOST_OF_A_NAME = 40;
/** The most digits that a bigint is shown with: more take long to make. */
const LARGEST_SHOWN = 10n ** 40n;

/** Control characters, those that format or separate lines, and halves of pairs: what may alter a terminal or a log. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Any value in a message, as one would write it: `[2, 3]`, `'abc'`, `{ dim: 8 }`; at most 200 characters. */
export function show(value: unknown): string {
  return cut(shown(value, 0), MOST_CHARACTERS);
}

/** A text of others, such as the message of another library's error, without quotes: one line, cut. */
export function showText(text: string, most: number = MOST_CHARACTERS): string {
  return cut(escaped(cut(text, most).replace(/\s+/g, ' ').trim()), most);
}

/** The most characters of others' messages: engines write long ones about policies. */
const MOST_OF_A_MESSAGE = 500;

/** What an error, of any realm, or whatever was thrown, says. */
export function messageOf(error: unknown): string {
  try {
    const message = typeof error === 'object' ? (error as { message?: unknown } | null)?.message : undefined;
    return typeof message === 'string' ? showText(message, MOST_OF_A_MESSAGE) : show(error);
  } catch {
    // A Proxy, or a getter, that throws again.
    return 'an error';
  }
}

/** `text` with each unsafe character written as an escape; `\n` too unless it is to stay. */
export function escaped(text: string, keepLines = false): string {
  return text.replace(UNSAFE, (character) => {
    if (keepLines && character === '\n') return character;
    return SHORT_ESCAPES[character] ?? escapeOf(character.codePointAt(0)!);
  });
}

/** As JavaScript writes it: `\x1b`, `\u202e`, `\u{e0041}`. */
function escapeOf(code: number): string {
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, '0')}`;
  return code < 0x1_0000 ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`;
}

/** `text`, or its beginning and `...` where it has more than `most` characters. */
export function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 3).replace(/[\uD800-\uDBFF]$/, '')}...` : text;
}

function shown(value: unknown, depth: number): string {
  try {
    switch (typeof value) {
      case 'string':
        // Cut first: escapes are longer than what they stand for.
        return `'${escaped(cut(value, MOST_CHARACTERS)).replaceAll("'", "\\'")}'`;
      case 'number':
        return Object.is(value, -0) ? '-0' : String(value);
      case 'bigint':
        return value > LARGEST_SHOWN || value < -LARGEST_SHOWN ? 'a bigint of more than 40 digits' : `${value}n`;
      case 'symbol':
        return `Symbol(${escaped(cut(value.description ?? '', MOST_CHARACTERS))})`;
      case 'function':
        return named('function', dataOf(value, 'name'));
      case 'object':
        return value === null ? 'null' : shownObject(value, depth);
      default:
        return String(value);
    }
  } catch {
    // A Proxy's trap, or a Proxy that was revoked.
    return typeof value === 'function' ? 'a function' : 'an object';
  }
}

function shownObject(value: object, depth: number): string {
  if (ArrayBuffer.isView(value)) return `${nameOf(tagOf(value))}(${value.byteLength} bytes)`;
  if (Array.isArray(value)) {
    const entries = [];
    for (let i = 0; i < Math.min(value.length, MOST_ENTRIES); i++) entries.push(shownEntry(value, String(i), depth));
    return listed('[', entries, value.length, ']');
  }
  const keys = Object.keys(value);
  const entries = keys.slice(0, MOST_ENTRIES).map((key) => `${keyText(key)}: ${shownEntry(value, key, depth)}`);
  const tag = tagOf(value);
  const name = tag === 'Object' || tag === 'Error' ? (className(value) ?? tag) : tag;
  const prefix = name === 'Object' ? '' : `${nameOf(name)} `;
  return prefix + (entries.length === 0 ? '{}' : listed('{ ', entries, keys.length, ' }'));
}

function shownEntry(of: object, key: string, depth: number): string {
  const found = Object.getOwnPropertyDescriptor(of, key);
  if (found === undefined) return 'undefined';
  if (!('value' in found)) return 'a getter';
  if (depth < MOST_DEPTH || typeof found.value !== 'object') return cut(shown(found.value, depth + 1), MOST_CHARACTERS);
  return found.value === null ? 'null' : Array.isArray(found.value) ? '[...]' : '{...}';
}

function listed(open: string, entries: readonly string[], count: number, close: string): string {
  // How many there are stands where a text that is too long keeps it: before the entries are cut.
  const more = count > entries.length ? `, ... ${count} in all` : '';
  return `${open}${cut(entries.join(', '), MOST_CHARACTERS - more.length - open.length - close.length)}${more}${close}`;
}

function keyText(key: string): string {
  return /^[\w$]+$/.test(key) ? nameOf(key) : `'${nameOf(key)}'`;
}

function named(kind: string, name: unknown): string {
  return typeof name === 'string' && name !== '' ? `${kind} ${nameOf(name)}` : `a ${kind}`;
}

function nameOf(text: string): string {
  return escaped(cut(text, MOST_OF_A_NAME));
}

function className(value: object): string | null {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (typeof prototype !== 'object' || prototype === null) return null;
  const maker = dataOf(prototype, 'constructor');
  const name = typeof maker === 'function' ? dataOf(maker, 'name') : null;
  return typeof name === 'string' && name !== '' ? name : null;
}

/** An own property that is no getter. */
function dataOf(value: object, key: string): unknown {
  return Object.getOwnPropertyDescriptor(value, key)?.value;
}

/** `Float32Array`, `Map`, `WebAssembly.Memory`, ...: by name, as an object may come from another realm. */
export function tagOf(value: unknown): string {
  try {
    return Object.prototype.toString.call(value).slice('[object '.length, -1);
  } catch {
    return 'Object';
  }
}
