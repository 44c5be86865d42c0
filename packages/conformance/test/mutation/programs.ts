import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A right driver of several files, which are mutated one place at a time. */
export interface Program {
  readonly name: string;
  /** Where its files lie, and what they import by `../`. */
  readonly folder: URL;
  /** Each before those that import it. */
  readonly files: readonly string[];
  /** Of these. */
  readonly mutated: readonly string[];
  /** The class that the last file exports. */
  readonly driver: string;
  /** Where imports of files that are not its own lead: in place of `from`, at the beginning of a specifier. */
  readonly others: readonly { readonly from: string; readonly to: URL }[];
}

const packages = new URL('../../../', import.meta.url);
const core = new URL('core/', packages);
const dist = new URL('dist/index.js', core);

const reference: Program = {
  name: 'reference',
  folder: new URL('src/reference/', core),
  files: ['statistic.ts', 'rows.ts', 'forward.ts', 'backward.ts', 'gate.ts', 'quantize.ts', 'driver.ts'],
  mutated: ['statistic.ts', 'rows.ts', 'forward.ts', 'backward.ts', 'gate.ts', 'quantize.ts', 'driver.ts'],
  driver: 'ReferenceDriver',
  others: [{ from: '../', to: new URL('dist/', core) }],
};

const plain: Program = {
  name: 'plain',
  folder: new URL('conformance/test/self-test/', packages),
  files: ['../../src/unreachable.ts', 'heap.ts', 'plain-driver.ts', 'operations-driver.ts'],
  mutated: ['plain-driver.ts', 'operations-driver.ts'],
  driver: 'OperationsDriver',
  others: [{ from: '@rmsnorm/core', to: dist }],
};

export const PROGRAMS: readonly Program[] = [reference, plain];

export function programOf(name: string): Program {
  return PROGRAMS.find((program) => program.name === name)!;
}

export function sourceOf({ folder }: Program, file: string): string {
  return readFileSync(fileURLToPath(new URL(file, folder)), 'utf8');
}
