import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { LocalRegistry } from '../local-registry/local-registry.ts';
import { packAll, temporaryFolder } from '../packed.ts';
import { cleanCommit, recordConsumers } from '../release/test-record.ts';
import { exitOnSignals } from '../signals.ts';
import { root } from '../workspace.ts';
import type { Consumer } from './consumer.ts';
import { CONSUMERS } from './matrix.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import { versions } from './source.ts';
import { documentOf } from './table.ts';

const TABLE = join(root, '.ci/consumers/README.md');

const USAGE = `pnpm consumers [part of a name ...] [--registry URL]
Installs our packages by name and version, builds and runs them in every way in which users take them.
  --registry URL  from there, as after a release; without it they are published to a registry on this machine`;

interface Options {
  readonly chosen: readonly Consumer[];
  readonly isAll: boolean;
  /** Null: one on this machine. */
  readonly registry: string | null;
}

/**
 * What the command line asks for; null: help.
 * @throws Error where it is wrong
 */
function optionsOf(args: string[]): Options | null {
  const { values, positionals: names } = parseArgs({
    args,
    allowPositionals: true,
    options: { registry: { type: 'string' }, help: { type: 'boolean', default: false } },
  });
  if (values.help) return null;
  const unknown = names.filter((part) => !CONSUMERS.some(({ name }) => name.includes(part)));
  if (unknown.length > 0) {
    const all = CONSUMERS.map(({ name }) => `  ${name}`).join('\n');
    throw new Error(`no consumer's name has ${unknown.join(' or ')} in it: there are\n${all}`);
  }
  if (values.registry !== undefined && !URL.canParse(values.registry))
    throw new Error(`--registry is an address, as https://registry.npmjs.org, and not '${values.registry}'`);
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(`it installs Node and Deno for Linux on x64, and this is ${process.platform} on ${process.arch}`);
  const isAll = names.length === 0;
  const chosen = CONSUMERS.filter(({ name }) => isAll || names.some((part) => name.includes(part)));
  return { chosen, isAll, registry: values.registry ?? null };
}

/** @returns the exit code */
export async function consumers(args: string[]): Promise<number> {
  exitOnSignals();
  let options: Options | null;
  try {
    options = optionsOf(args);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
  if (options) return runAll(options);
  console.log(USAGE);
  return 0;
}

async function runAll({ chosen, isAll, registry }: Options): Promise<number> {
  const before = cleanCommit();
  const folder = await temporaryFolder('consumers');
  const here = registry === null ? await LocalRegistry.start(folder.dir) : null;
  try {
    if (here) await here.publish(await packAll(folder.dir));
    const source = { registry: registry ?? here!.url, versions };
    const outcomes: Outcome[] = [];
    for (const [i, consumer] of chosen.entries()) {
      outcomes.push(await printed(() => outcomeOf(consumer, join(folder.dir, `consumer-${i}`), source)));
    }
    const failed = outcomes.filter(({ failure }) => failure !== null).length;
    console.log(`\n${outcomes.length - failed} work, ${failed} fail`);
    // A part is not the whole, and what a registry has is not this commit.
    const isKept = isAll && here ? await keep(outcomes, { before, failed }) : true;
    return failed > 0 || !isKept ? 1 : 0;
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

/**
 * Writes the table, where all work, and the record that a release asks for.
 * @returns false where the table is another one now, so that the commit with it has not been run
 */
async function keep(outcomes: readonly Outcome[], run: { before: string | null; failed: number }): Promise<boolean> {
  if (run.failed === 0) await writeFile(TABLE, documentOf(outcomes));
  recordConsumers(run);
  if (run.before === null || cleanCommit() === run.before) return true;
  console.log(`${TABLE} says something else now. Commit it; before a release, run this again.`);
  return false;
}
