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
    if (char === "'" || char === '"') return this.#string(char);
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

  #string(quote: string): string {
    let value = '';
    for (let i = this.#at + 1; i < this.#text.length; i++) {
      const char = this.#text[i]!;
      if (char === quote) {
        this.#at = i + 1;
        return value;
      }
      if (char === '\n') break;
      value += char === '\\' ? this.#text[++i] : char;
    }
    throw this.#error('a string without an end');
  }

  #word(): number | boolean | null {
    const word = /[-\w]*/y;
    word.lastIndex = this.#at;
    const found = word.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    if (found === 'True') return true;
    if (found === 'False') return false;
    if (found === 'None') return null;
    const digits = /^(-?(?:0|[1-9]\d*))L?$/.exec(found)?.[1];
    if (digits === undefined) throw this.#error('expected a string, a number, True, False, a tuple or a dict');
    return Number(digits);
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
    while (' \n\t'.includes(this.#text[this.#at] ?? 'x')) this.#at++;
  }

  #error(problem: string): SyntaxError {
    return new SyntaxError(`${problem} at character ${this.#at}`);
  }
}
