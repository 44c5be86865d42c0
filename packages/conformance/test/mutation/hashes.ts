import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Program, sourceOf } from './programs.ts';

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 20);
}

/** Of all that decides what becomes of a program's mutants, but the mutants: the suite, and the program itself. */
export function hashOfSuite(program: Program): string {
  const root = fileURLToPath(new URL('../../src/', import.meta.url));
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .sort();
  const texts = [
    ...files.map((file) => readFileSync(`${root}${file}`, 'utf8')),
    ...program.files.map((file) => sourceOf(program, file)),
  ];
  return hashOf(texts.join('\0'));
}
