import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { LocalRegistry } from '../local-registry/local-registry.ts';
import { packAll, temporaryFolder } from '../packed.ts';
import { cleanCommit, recordConsumers } from '../release/test-record.ts';
import { root } from '../workspace.ts';
import type { Consumer } from './consumer.ts';
import { CONSUMERS } from './matrix.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import { versions } from './source.ts';
import { documentOf } from './table.ts';

const USAGE = `pnpm consumers [part of a name ...] [--registry URL]
Installs our packages by name and version, builds and runs them in every way in which users take them.
  --registry URL  from there, as after a release; without it they are published to a registry on this machine`;

/** What the command line asks for; null: an answer was printed instead. */
function chosenBy(
  args: string[],
): { chosen: readonly Consumer[]; isAll: boolean; registry: string | undefined } | null {
  const { values, positionals: names } = parseArgs({
    args,
    allowPositionals: true,
    options: { registry: { type: 'string' }, help: { type: 'boolean', default: false } },
  });
  if (values.help) {
    console.log(USAGE);
    return null;
  }
  const isAll = names.length === 0;
  const chosen = CONSUMERS.filter(({ name }) => isAll || names.some((part) => name.includes(part)));
  if (chosen.length > 0) return { chosen, isAll, registry: values.registry };
  throw new Error(
    `no consumer is named ${names.join(' or ')}: there are\n${CONSUMERS.map(({ name }) => name).join('\n')}`,
  );
}

/** @returns the exit code */
export async function consumers(args: string[]): Promise<number> {
  let options: ReturnType<typeof chosenBy>;
  try {
    options = chosenBy(args);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
  if (options === null) return 0;
  const { chosen, isAll, registry } = options;
  const before = cleanCommit();
  const folder = await temporaryFolder('consumers');
  const here = registry === undefined ? await LocalRegistry.start(folder.dir) : null;
  try {
    if (here) await here.publish(await packAll(folder.dir));
    const source = { registry: registry ?? here!.url, versions };
    const outcomes: Outcome[] = [];
    for (const [i, consumer] of chosen.entries()) {
      outcomes.push(await printed(() => outcomeOf(consumer, join(folder.dir, `consumer-${i}`), source)));
    }
    const failed = outcomes.filter(({ failure }) => failure !== null).length;
    // A part does not replace the whole.
    if (isAll) await keep(outcomes, { before, failed });
    console.log(`\n${outcomes.length - failed} work, ${failed} fail`);
    return failed > 0 ? 1 : 0;
  } finally {
    await here?.stop();
    await folder.remove();
  }
}

/** A line for each, as soon as it has run. */
async function printed(run: () => Promise<Outcome>): Promise<Outcome> {
  const start = performance.now();
  const outcome = await run();
  const seconds = Math.round((performance.now() - start) / 1000);
  console.log(`${outcome.failure === null ? 'works' : 'FAILS'}  ${outcome.consumer.name} (${seconds} s)`);
  if (outcome.failure !== null) console.log(outcome.failure.replace(/^/gm, '       '));
  return outcome;
}

/** Writes the table, and the record that a release asks for. */
async function keep(outcomes: readonly Outcome[], run: { before: string | null; failed: number }): Promise<void> {
  await writeFile(join(root, '.ci/consumers/README.md'), documentOf(outcomes));
  recordConsumers(run);
  if (run.before !== null && cleanCommit() === null)
    console.log(
      '\n.ci/consumers/README.md says something else now: commit it. Whoever wants a release runs this again.',
    );
}
