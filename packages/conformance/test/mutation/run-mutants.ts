import { listCases } from '../../src/index.ts';
import { type Baseline, measureBaseline } from './baseline.ts';
import { hashOf, hashOfSuite } from './hashes.ts';
import { KeptResults } from './kept-results.ts';
import { Killers } from './killers.ts';
import type { Import } from './load-program.ts';
import { type Mutant, mutatedText } from './mutants.ts';
import { type Program, programOf } from './programs.ts';
import type { Outcome, Task } from './worker.ts';
import { MutantRunner } from './workers.ts';

export interface Result {
  readonly mutant: Mutant;
  readonly outcome: Outcome;
}

/** What became of a mutant, and with which suite. */
interface Kept {
  readonly suite: string;
  readonly outcome: Outcome;
}

export interface RunOptions {
  readonly threads: number;
  readonly load: Import;
  /** Cases to begin with: for a few mutants, for which no baseline is measured and no result kept. */
  readonly first?: readonly string[];
  /** Leaves out the dearest seventh of the cases, which take most of the time. */
  readonly quick?: boolean;
  /** Which cases; heeded where `first` is given. */
  readonly filter?: string;
  readonly onResult: (result: Result, done: number) => void;
}

/** Runs the suite on each mutant until a case fails. */
export async function runMutants(mutants: readonly Mutant[], options: RunOptions): Promise<Result[]> {
  const kept = new KeptResults<Kept>('results');
  const orders = await ordersOf(mutants, options);
  const results: Result[] = [];
  // In an order that is the same each time but mixes files: what is done of a run that is ended is a fair sample.
  const queue = [...mutants].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const killers = new Killers();
  for (const mutant of mutants) {
    const before = kept.get(keyOf(mutant))?.outcome;
    if (before?.status === 'killed') killers.add(mutant, before.by);
  }
  const work = async (): Promise<void> => {
    const runner = new MutantRunner();
    for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
      const order = orders.get(mutant.program)!;
      const key = keyOf(mutant);
      const known = order.suite === null ? undefined : kept.get(key);
      const outcome =
        known && known.suite === order.suite
          ? known.outcome
          : await runner.run({
              program: mutant.program,
              file: mutant.file,
              text: mutatedText(programOf(mutant.program), mutant),
              ...order.casesFor(mutant, [...byOf(known), ...killers.of(mutant)]),
            });
      if (outcome.status === 'killed' && outcome !== known?.outcome) killers.add(mutant, outcome.by);
      if (order.suite !== null) kept.set(key, { suite: suiteOf(order.suite, outcome, options), outcome });
      results.push({ mutant, outcome });
      options.onResult({ mutant, outcome }, results.length);
    }
    await runner.close();
  };
  try {
    await Promise.all(Array.from({ length: options.threads }, work));
  } finally {
    kept.save();
  }
  return results;
}

/** A survivor of some of the cases is to be run again. */
function suiteOf(suite: string, { status }: Outcome, { quick }: RunOptions): string {
  return quick && status === 'survived' ? `some cases of ${suite}` : suite;
}

function byOf(known: Kept | undefined): string[] {
  return known?.outcome.status === 'killed' ? [known.outcome.by.replace('stuck in ', '')] : [];
}

function keyOf(mutant: Mutant): string {
  return hashOf(`${mutant.program} ${mutant.file} ${mutatedText(programOf(mutant.program), mutant)}`);
}

interface Order {
  /** What a result holds for; null where none is kept. */
  readonly suite: string | null;
  casesFor(mutant: Mutant, first: readonly string[]): Pick<Task, 'cases' | 'ms'>;
}

async function ordersOf(
  mutants: readonly Mutant[],
  { first, filter, quick, load }: RunOptions,
): Promise<ReadonlyMap<string, Order>> {
  const orders = new Map<string, Order>();
  const baselines = new KeptResults<Baseline>('baselines');
  for (const name of new Set(mutants.map(({ program }) => program))) {
    const program = programOf(name);
    if (first) {
      orders.set(name, orderWith(first, filter));
      continue;
    }
    const suite = hashOfSuite(program);
    const baseline = await baselineOf(program, { suite, load }, baselines);
    orders.set(name, orderBy(suite, quick ? withoutDearest(baseline) : baseline));
    baselines.save();
  }
  return orders;
}

async function baselineOf(
  program: Program,
  { suite, load }: { readonly suite: string; readonly load: Import },
  kept: KeptResults<Baseline>,
): Promise<Baseline> {
  const known = kept.get(suite);
  if (known) return known;
  const measured = await measureBaseline(program, load);
  kept.set(suite, measured);
  return measured;
}

/** Cases that enter the mutant's function; those that killed nearby before the others, and then the cheap ones. */
function orderBy(suite: string, { ids, ms, entering }: Baseline): Order {
  const cost = new Map(ids.map((id, i) => [id, ms[i]!]));
  return {
    suite,
    casesFor({ file, member }, first) {
      const entered = new Set(entering[`${file} ${member}`]?.map((i) => ids[i]!) ?? ids);
      const cases = [...new Set([...first.filter((id) => entered.has(id)), ...entered])];
      return { cases, ms: cases.map((id) => cost.get(id)!) };
    },
  };
}

function withoutDearest({ ids, ms, entering }: Baseline): Baseline {
  const most = [...ms].sort((a, b) => a - b)[Math.floor(ms.length * 0.85)] ?? 0;
  const cheap = Object.entries(entering).map(([member, cases]) => [member, cases.filter((i) => ms[i]! <= most)]);
  return { ids, ms, entering: Object.fromEntries(cheap) };
}

/** All cases, `first` first. */
function orderWith(first: readonly string[], filter: string | undefined): Order {
  const ids = new Set(listCases(filter).map(({ id }) => id));
  const order = [...new Set([...first.filter((id) => ids.has(id)), ...ids])];
  return {
    suite: null,
    casesFor: (_mutant, nearby) => ({ cases: [...new Set([...nearby.filter((id) => ids.has(id)), ...order])], ms: [] }),
  };
}
