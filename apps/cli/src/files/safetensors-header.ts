/** An entry of the header. */
export interface HeaderEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Relative to the first byte after the header. */
  readonly begin: number;
  readonly end: number;
}

/**
 * Reads the JSON of a .safetensors header: the tensors, by name. Not by JSON.parse, which accepts a name that stands twice
 * and a field too many, and took 50 seconds and gigabytes for 100 MB of nested brackets. This is linear in time and memory.
 * @throws SyntaxError with the position
 */
export function parseSafetensorsHeader(text: string): Map<string, HeaderEntry> {
  const reader = new Reader(text);
  const tensors = new Map<string, HeaderEntry>();
  let metadata = false;
  reader.object((name) => {
    if (name === '__metadata__') {
      if (metadata) throw reader.error("the key '__metadata__' stands twice");
      metadata = true;
      reader.object(() => void reader.string());
      return;
    }
    if (tensors.has(name)) throw reader.error(`the tensor '${short(name)}' stands twice`);
    tensors.set(name, entryOf(reader, name));
  });
  reader.end();
  return tensors;
}

function entryOf(reader: Reader, name: string): HeaderEntry {
  let dtype: string | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  reader.object((field) => {
    if (field === 'dtype' && dtype === undefined) dtype = reader.string();
    else if (field === 'shape' && shape === undefined) shape = reader.integers();
    else if (field === 'data_offsets' && offsets === undefined) offsets = reader.integers();
    else throw reader.error(`the field '${short(field)}' of tensor '${short(name)}' is unknown or stands twice`);
  });
  if (dtype === undefined || shape === undefined || offsets?.length !== 2) {
    throw reader.error(`tensor '${short(name)}' needs dtype, shape and two data_offsets`);
  }
  return { dtype, shape, begin: offsets[0]!, end: offsets[1]! };
}

/** A name for a message. Names come from the file, and may be long. */
export function short(name: string): string {
  return name.length > 60 ? `${name.slice(0, 60)}...` : name;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  object(member: (key: string) => void): void {
    this.#expect('{');
    if (this.#takes('}')) return;
    do {
      const key = this.string();
      this.#expect(':');
      member(key);
    } while (this.#takes(','));
    this.#expect('}');
  }

  integers(): number[] {
    const items: number[] = [];
    this.#expect('[');
    if (this.#takes(']')) return items;
    do items.push(this.#integer());
    while (this.#takes(','));
    this.#expect(']');
    return items;
  }

  string(): string {
    this.#expect('"');
    const start = this.#at;
    let escaped = false;
    for (; this.#at < this.#text.length; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === 0x22) {
        const raw = this.#text.slice(start, this.#at++);
        return escaped ? this.#unescaped(raw) : raw;
      }
      if (code < 0x20) throw this.error('a control character in a string');
      if (code === 0x5c) {
        escaped = true;
        this.#at++;
      }
    }
    throw this.error('a string without an end');
  }

  end(): void {
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.error('unexpected text after the header');
  }

  error(problem: string): SyntaxError {
    return new SyntaxError(`${problem} at character ${this.#at}`);
  }

  #unescaped(raw: string): string {
    try {
      return JSON.parse(`"${raw}"`) as string;
    } catch {
      throw this.error('a wrong escape in a string');
    }
  }

  #integer(): number {
    this.#skipSpace();
    const digits = /(?:0|[1-9]\d{0,15})(?![\d.eE])/y;
    digits.lastIndex = this.#at;
    const value = Number(digits.exec(this.#text)?.[0] ?? Number.NaN);
    if (!Number.isSafeInteger(value)) throw this.error('expected an integer from 0 to 2^53');
    this.#at = digits.lastIndex;
    return value;
  }

  #expect(char: string): void {
    if (!this.#takes(char)) throw this.error(`expected '${char}'`);
  }

  #takes(char: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #skipSpace(): void {
    for (; this.#at < this.#text.length; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
    }
  }
}
