import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = new URL('../../node_modules/.cache/mutation/', import.meta.url);

/** Results that are kept from run to run, by hash: a run that was ended goes on, and one after a change is quick. */
export class KeptResults<T> {
  readonly #path: string;
  readonly #values: Record<string, T>;
  #unsaved = 0;

  constructor(name: string) {
    this.#path = fileURLToPath(new URL(`${name}.json`, folder));
    this.#values = read(this.#path) as Record<string, T>;
  }

  get(key: string): T | undefined {
    return this.#values[key];
  }

  set(key: string, value: T): void {
    this.#values[key] = value;
    if (++this.#unsaved >= 20) this.save();
  }

  save(): void {
    mkdirSync(dirname(this.#path), { recursive: true });
    writeFileSync(this.#path, JSON.stringify(this.#values));
    this.#unsaved = 0;
  }
}

function read(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return {};
  }
}
