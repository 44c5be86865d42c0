/** A tensor, as the header has it. */
export interface HeaderTensor {
  readonly name: string;
  /** As the file names it, `BF16`. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Where the elements begin and end in the file. */
  readonly start: number;
  readonly end: number;
}

/**
 * Reads the JSON of a .safetensors header. Not by JSON.parse, which accepts a name that stands twice and a field too many,
 * and took 50 seconds and gigabytes for 100 MB of nested brackets. This is linear in time and memory: a header may have
 * 1.7 million tensors.
 * @param base where the tensors' bytes begin in the file
 * @returns the tensors in the order of the header
 * @throws SyntaxError with the position
 */
export function parseSafetensorsHeader(text: string, base: number): HeaderTensor[] {
  const reader = new Reader(text);
  const tensors: HeaderTensor[] = [];
  const names = new Set<string>();
  let metadata = false;
  reader.object((name) => {
    if (name === '__metadata__') {
      if (metadata) throw reader.error("the key '__metadata__' stands twice");
      metadata = true;
      readMetadata(reader);
      return;
    }
    if (names.size === names.add(name).size) throw reader.error(`the tensor '${short(name)}' stands twice`);
    tensors.push(tensorOf(reader, name, base));
  });
  reader.end();
  return tensors;
}

/** Strings by names that differ; or null, which some libraries write where there is none. */
function readMetadata(reader: Reader): void {
  if (reader.null()) return;
  const keys = new Set<string>();
  reader.object((key) => {
    if (keys.size === keys.add(key).size) throw reader.error(`the key '${short(key)}' of __metadata__ stands twice`);
    reader.string();
  });
}

function tensorOf(reader: Reader, name: string, base: number): HeaderTensor {
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
  return { name, dtype, shape, start: base + offsets[0]!, end: base + offsets[1]! };
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

  /** Whether null comes next, and takes it. */
  null(): boolean {
    this.#skipSpace();
    if (!this.#text.startsWith('null', this.#at)) return false;
    this.#at += 4;
    return true;
  }

  #unescaped(raw: string): string {
    let text: string;
    try {
      text = JSON.parse(`"${raw}"`) as string;
    } catch {
      throw this.error('a wrong escape in a string');
    }
    if (/\p{Cs}/u.test(text)) throw this.error('an escape of half a character (a lone surrogate) in a string');
    return text;
  }

  #integer(): number {
    this.#skipSpace();
    const start = this.#at;
    let value = 0;
    for (; this.#at - start < 17; this.#at++) {
      const digit = this.#text.charCodeAt(this.#at) - 0x30;
      if (!(digit >= 0 && digit <= 9)) break;
      value = 10 * value + digit;
    }
    const digits = this.#at - start;
    const wrong = digits === 0 || (digits > 1 && this.#text[start] === '0') || !Number.isSafeInteger(value);
    if (!wrong && !'.eE'.includes(this.#text[this.#at] ?? ' ')) return value;
    this.#at = start;
    throw this.error('expected an integer from 0 to 2^53');
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
