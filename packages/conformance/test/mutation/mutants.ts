import ts from 'typescript-5.9';
import { hashOf } from './hashes.ts';
import { type Place, placesOf } from './places.ts';
import { type Program, sourceOf } from './programs.ts';

/** One wrong program: `file` with the text from `start` to `end` replaced. */
export interface Mutant {
  /** File, function, what stands there and what is put in its place: the same as long as these are. */
  readonly id: string;
  readonly program: string;
  readonly file: string;
  /** The innermost method or function with a name. */
  readonly member: string;
  readonly line: number;
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

/** Every mutant of a program, no two of the same text. */
export function mutantsOf(program: Program): Mutant[] {
  return program.mutated.flatMap((file) => mutantsOfFile(program, file));
}

function mutantsOfFile(program: Program, file: string): Mutant[] {
  const text = sourceOf(program, file);
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
  const seen = new Set([compact(text)]);
  const numbers = new Map<string, number>();
  const mutants: Mutant[] = [];
  for (const place of placesOf(source)) {
    const { start, end, replacement, member } = place;
    const mutated = compact(text.slice(0, start) + replacement + text.slice(end));
    if (seen.has(mutated)) continue;
    seen.add(mutated);
    const what = `${file} ${member}: ${describe(place, source)}`;
    const number = (numbers.get(what) ?? 0) + 1;
    numbers.set(what, number);
    const line = source.getLineAndCharacterOfPosition(start).line + 1;
    const id = number === 1 ? what : `${what} #${number}`;
    mutants.push({ id, program: program.name, file, member, line, start, end, replacement });
  }
  return mutants;
}

export function mutatedText(program: Program, { file, start, end, replacement }: Mutant): string {
  const text = sourceOf(program, file);
  return text.slice(0, start) + replacement + text.slice(end);
}

function describe({ node, start, end, replacement, swapped }: Place, source: ts.SourceFile): string {
  if (swapped) return swapped.map((statement) => short(statement, 60)).join(' before ');
  const { text } = source;
  const changed = text.slice(node.getStart(source), start) + replacement + text.slice(end, node.getEnd());
  return `${short(node.getText(source))} => ${short(changed)}`;
}

function short(text: string, most = 120): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= most ? line : `${line.slice(0, most - 10)}..${hashOf(line).slice(0, 6)}`;
}

function compact(text: string): string {
  return text.replace(/\s+/g, ' ');
}
