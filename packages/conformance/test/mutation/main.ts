import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Import } from './load-program.ts';
import { type Mutant, mutantsOf } from './mutants.ts';
import { PROGRAMS } from './programs.ts';
import { type Result, runMutants } from './run-mutants.ts';
import { summaryOf, tableOf } from './summary.ts';
import { isListed, readKillers, readSurvivors, staleEntries } from './survivors.ts';

const USAGE = `mutate [--sample] [--only TEXT] [--quick] [--listed] [--cases TEXT] [--threads N] [--record]
  --sample     a fixed few of the mutants, with the cases first that kill the most
  --only TEXT  mutants whose program, file, function or change has TEXT in it
  --quick      without the dearest seventh of the cases, and no survivor is kept
  --listed     those too that are in survivors.json
  --cases TEXT only cases whose id has TEXT in it, and no result is kept
  --record     writes killers.json, by which the sample is ordered`;

const SAMPLE = 60;

/** Runs the suite on wrong drivers. Exit status 1 where one survives that is not listed, or a list entry is stale. */
export async function main(args: readonly string[], load: Import): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      sample: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      quick: { type: 'boolean', default: false },
      listed: { type: 'boolean', default: false },
      cases: { type: 'string', default: '' },
      threads: { type: 'string', default: String(Math.max(1, availableParallelism())) },
      record: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const all = PROGRAMS.flatMap(mutantsOf);
  const listed = readSurvivors();
  const stale = staleEntries(listed, all);
  const open = all.filter((mutant) => values.listed || !isListed(listed, mutant));
  const mutants = values.sample
    ? sampleOf(open)
    : open.filter(({ program, id }) => `${program} ${id}`.includes(values.only));
  const results = await runMutants(mutants, {
    threads: Number(values.threads),
    load,
    quick: values.quick,
    filter: values.cases,
    ...((values.sample || values.cases !== '') && { first: readKillers() }),
    onResult: progressOf(mutants.length),
  });
  const survivors = results.filter(({ outcome }) => outcome.status === 'survived');
  const unlisted = survivors.filter(({ mutant }) => !isListed(listed, mutant));
  const killed = results.filter(({ mutant, outcome }) => isListed(listed, mutant) && outcome.status !== 'survived');
  console.log(tableOf(results, listed));
  for (const { mutant } of unlisted) console.log(`SURVIVED  line ${mutant.line}  ${mutant.program} ${mutant.id}`);
  for (const { mutant } of killed) console.log(`LISTED, BUT KILLED  ${mutant.program} ${mutant.id}`);
  for (const entry of stale) console.log(`STALE  ${entry}`);
  if (values.record) record(results);
  console.log(summaryOf(results, listed));
  return unlisted.length + killed.length + stale.length > 0 ? 1 : 0;
}

/** Evenly from all: the same ones as long as the programs are. */
function sampleOf(mutants: readonly Mutant[]): Mutant[] {
  const step = mutants.length / SAMPLE;
  return Array.from({ length: SAMPLE }, (_, i) => mutants[Math.floor((i + 0.5) * step)]!);
}

/** A line for every twentieth part. */
function progressOf(total: number): (result: Result, done: number) => void {
  const begun = performance.now();
  let survived = 0;
  return ({ outcome }, done) => {
    if (outcome.status === 'survived') survived++;
    if (done % Math.ceil(total / 20) !== 0 && done !== total) return;
    const seconds = Math.round((performance.now() - begun) / 1000);
    console.log(`${done} of ${total} mutants, ${survived} survive, ${seconds} s`);
  };
}

function record(results: readonly Result[]): void {
  const counts = new Map<string, number>();
  for (const { outcome } of results) {
    if (outcome.status === 'killed') counts.set(outcome.by, (counts.get(outcome.by) ?? 0) + 1);
  }
  const ids = [...counts].filter(([id]) => id.includes('/')).sort(([, a], [, b]) => b - a);
  const kept = ids.filter(([id]) => !id.startsWith('stuck')).slice(0, 120);
  const path = fileURLToPath(new URL('killers.json', import.meta.url));
  writeFileSync(
    path,
    `${JSON.stringify(
      kept.map(([id]) => id),
      null,
      2,
    )}\n`,
  );
}
