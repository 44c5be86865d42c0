import type { BackendProvider } from '@rmsnorm/core';
import ts from 'typescript-5.9';
import { DEFAULT_SEED, listCases, openSession } from '../../src/index.ts';
import { providerOf } from '../self-test/provider.ts';
import { type Import, loadProgram } from './load-program.ts';
import { memberName } from './places.ts';
import { type Program, sourceOf } from './programs.ts';

/** What the right program does in each case. */
export interface Baseline {
  /** The cases that it passes. */
  readonly ids: readonly string[];
  /** Milliseconds. */
  readonly ms: readonly number[];
  /** `file member` → the cases that enter it, as indices, the cheap ones first. */
  readonly entering: Readonly<Record<string, readonly number[]>>;
}

/** Runs every case on the right program: how long each takes, and which functions it enters. */
export async function measureBaseline(program: Program, load: Import): Promise<Baseline> {
  const members: string[] = [];
  const marked = program.mutated.map((file) => [file, withMarks(program, file, members)]);
  const entered = new Uint8Array(members.length);
  Object.assign(globalThis, { [MARKS]: entered });
  const Driver = await loadProgram(program, Object.fromEntries(marked), load);
  const provider: BackendProvider = providerOf(() => new Driver());
  const session = await openSession(provider, { seed: DEFAULT_SEED });
  const passed: { id: string; ms: number; members: number[] }[] = [];
  for (const entry of listCases()) {
    entered.fill(0);
    const { id, status, ms, message } = await session.run(entry);
    if (status === 'fail') throw new Error(`${program.name} is to be right, but fails ${id}: ${message}`);
    if (status === 'pass') passed.push({ id, ms, members: [...entered.keys()].filter((i) => entered[i] === 1) });
  }
  await session.close();
  const byCost = [...passed.keys()].sort((a, b) => passed[a]!.ms - passed[b]!.ms);
  const cases = members.map((member, i) => [member, byCost.filter((at) => passed[at]!.members.includes(i))]);
  return {
    ids: passed.map(({ id }) => id),
    ms: passed.map(({ ms }) => ms),
    entering: Object.fromEntries(cases),
  };
}

const MARKS = '__rmsnormEntered';

/** The source with a mark at the beginning of every method and function. */
function withMarks(program: Program, file: string, members: string[]): string {
  const text = sourceOf(program, file);
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
  const inserted: { readonly at: number; readonly mark: string }[] = [];
  const visit = (node: ts.Node): void => {
    const name = memberName(node);
    const { body } = node as Partial<ts.FunctionDeclaration>;
    if (name && body) {
      const number = members.push(`${file} ${name}`) - 1;
      inserted.push({ at: body.getStart(source) + 1, mark: `globalThis.${MARKS}[${number}] = 1;` });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return inserted.reduceRight((code, { at, mark }) => code.slice(0, at) + mark + code.slice(at), text);
}
