/** A value in a .npy header. Tuples and lists differ: a shape is a tuple, a structured dtype a list. */
export type Literal = string | number | boolean | null | Sequence | ReadonlyMap<string, Literal>;

export interface Sequence {
  readonly kind: 'tuple' | 'list';
  readonly items: readonly Literal[];
}

/** Structured dtypes nest a few levels. What nests deeper is no header. */
const MAX_DEPTH = 32;

/**
 * Reads one Python literal, with nothing but spaces around it: a string, an integer (also with Python 2's `L`), True,
 * False, None, a tuple, a list, or a dict with strings as keys. By hand: files are not trusted, and headers need no more.
 * @throws SyntaxError with the position
 */
export function parsePythonLiteral(text: string): Literal {
  const parser = new Parser(text);
  const literal = parser.literal(0);
  parser.end();
  return literal;
}

/** A line that goes on, a letter, up to three octal digits, a code in hexadecimal digits, anything else. */
const ESCAPES = /\\(?:(\n)|([\\'"abfnrtv])|([0-7]{1,3})|(x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8})|(.))/gsu;

const LETTERS: Readonly<Record<string, string>> = {
  ...{ a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
};

/** Also 0x20, 0o40, 0b100000, 1_000, and Python 2's 10L. */
const INTEGER = /^([-+]?)(0|[1-9](?:_?\d)*|0[xX](?:_?[\da-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+)L?$/;

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  literal(depth: number): Literal {
    if (depth > MAX_DEPTH) throw this.#error(`nested deeper than ${MAX_DEPTH}`);
    this.#skipSpace();
    const char = this.#text[this.#at];
    if (char === '{') return this.#dict(depth);
    if (char === '(') return this.#sequence('tuple', ')', depth);
    if (char === '[') return this.#sequence('list', ']', depth);
    if (/^[uUrR]?['"]/.test(this.#text.slice(this.#at, this.#at + 2))) return this.#strings();
    return this.#word();
  }

  end(): void {
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.#error('unexpected text');
  }

  #dict(depth: number): ReadonlyMap<string, Literal> {
    const entries = new Map<string, Literal>();
    this.#at++;
    while (!this.#takes('}')) {
      const key = this.literal(depth + 1);
      if (typeof key !== 'string') throw this.#error('a key must be a string');
      if (entries.has(key)) throw this.#error(`the key '${key}' stands twice`);
      if (!this.#takes(':')) throw this.#error("expected ':'");
      entries.set(key, this.literal(depth + 1));
      if (!this.#takes(',') && !this.#at1('}')) throw this.#error("expected ',' or '}'");
    }
    return entries;
  }

  #sequence(kind: 'tuple' | 'list', close: ')' | ']', depth: number): Literal {
    const items: Literal[] = [];
    let comma = false;
    this.#at++;
    while (!this.#takes(close)) {
      items.push(this.literal(depth + 1));
      comma = this.#takes(',');
      if (!comma && !this.#at1(close)) throw this.#error(`expected ',' or '${close}'`);
    }
    // (3) is a number in brackets, (3,) a tuple of one.
    return kind === 'tuple' && items.length === 1 && !comma ? items[0]! : { kind, items };
  }

  /** Strings that stand side by side are one, as in Python. */
  #strings(): string {
    let value = '';
    for (;;) {
      const start = /(?:[uU]|([rR]))?('''|"""|'|")/y;
      start.lastIndex = this.#at;
      const [whole, raw, quote] = start.exec(this.#text) ?? [];
      if (whole === undefined || quote === undefined) return value;
      this.#at += whole.length;
      value += this.#string(quote, raw !== undefined);
      this.#skipSpace();
    }
  }

  #string(quote: string, raw: boolean): string {
    const start = this.#at;
    for (; this.#at < this.#text.length; this.#at++) {
      if (this.#text.startsWith(quote, this.#at)) {
        const inner = this.#text.slice(start, this.#at);
        this.#at += quote.length;
        return raw ? inner : this.#unescaped(inner);
      }
      const char = this.#text[this.#at];
      if (char === '\n' && quote.length === 1) break;
      if (char === '\\') this.#at++;
    }
    throw this.#error('a string without an end');
  }

  #unescaped(inner: string): string {
    return inner.replace(ESCAPES, (whole, line, letter, octal, code, other) => {
      if (line !== undefined) return '';
      if (letter !== undefined) return LETTERS[letter] ?? letter;
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
      const point = code === undefined ? Number.NaN : Number.parseInt(code.slice(1), 16);
      if (point <= 0x10_ffff) return String.fromCodePoint(point);
      // Python keeps what is no escape as it stands.
      if (!'xuUN'.includes(other ?? 'U')) return whole;
      throw this.#error('a wrong escape in a string');
    });
  }

  #word(): number | boolean | null {
    const word = /[-+]?\w*/y;
    word.lastIndex = this.#at;
    const found = word.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    if (found === 'True') return true;
    if (found === 'False') return false;
    if (found === 'None') return null;
    const [, sign, digits] = INTEGER.exec(found) ?? [];
    if (digits === undefined) throw this.#error('expected a string, a number, True, False, a tuple or a dict');
    const value = Number(digits.replaceAll('_', ''));
    return sign === '-' ? -value : value;
  }

  #takes(char: string): boolean {
    if (!this.#at1(char)) return false;
    this.#at++;
    return true;
  }

  #at1(char: string): boolean {
    this.#skipSpace();
    return this.#text[this.#at] === char;
  }

  #skipSpace(): void {
    while (' \n\t\r\f'.includes(this.#text[this.#at] ?? 'x')) this.#at++;
  }

  #error(problem: string): SyntaxError {
    return new SyntaxError(`${problem} at character ${this.#at}`);
  }
}
