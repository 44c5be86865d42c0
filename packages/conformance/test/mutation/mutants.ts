import ts from 'typescript-5.9';
import { hashOf } from './hashes.ts';
import { placesOf } from './places.ts';
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
  for (const { node, start, end, replacement, member } of placesOf(source)) {
    const mutated = compact(text.slice(0, start) + replacement + text.slice(end));
    if (seen.has(mutated)) continue;
    seen.add(mutated);
    const what = `${file} ${member}: ${short(node.getText(source))} => ${short(inNode(node, source, start, end, replacement))}`;
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

/** The place's surroundings with the replacement in it. */
function inNode(node: ts.Node, source: ts.SourceFile, start: number, end: number, replacement: string): string {
  const text = source.text;
  return text.slice(node.getStart(source), start) + replacement + text.slice(end, node.getEnd());
}

function short(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= 100 ? line : `${line.slice(0, 90)}..${hashOf(line).slice(0, 6)}`;
}

function compact(text: string): string {
  return text.replace(/\s+/g, ' ');
}
