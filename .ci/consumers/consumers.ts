import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packAll, temporaryFolder } from '../packed.ts';
import { cleanCommit, recordConsumers } from '../release/test-record.ts';
import { publishedPackages, root } from '../workspace.ts';
import type { Answer, Consumer } from './consumer.ts';
import { CONSUMERS } from './matrix.ts';
import { Project, type Source } from './project.ts';

/** What became of a consumer. */
export interface Outcome {
  readonly consumer: Consumer;
  readonly answers: Readonly<Record<string, Answer>>;
  /** Null where all is as it must be. */
  readonly failure: string | null;
}

/** Our packages, packed into a folder. */
export async function packed(dir: string): Promise<Source> {
  const tarballs = await packAll(dir);
  return { specifiers: Object.fromEntries(tarballs.map(({ pkg, path }) => [pkg.manifest.name, `file:${path}`])) };
}

/** Installs and runs one, in a folder of its own. */
export async function outcomeOf(consumer: Consumer, dir: string, source: Source): Promise<Outcome> {
  try {
    await mkdir(dir, { recursive: true });
    const answers = await consumer.run(await Project.create(dir, consumer, source));
    return { consumer, answers, failure: failureOf(consumer, answers) };
  } catch (error) {
    return { consumer, answers: {}, failure: (error as Error).message };
  }
}

function failureOf({ threads }: Consumer, answers: Readonly<Record<string, Answer>>): string | null {
  const wanted = threads === 'two' ? /^WebAssembly SIMD, 2 threads$/ : threads;
  const wrong = Object.entries(answers).filter(
    ([, { backend, rms, device, same }]) =>
      !(backend === 'wasm' && Math.abs(rms - 1) < 1e-5 && same && wanted.test(device)),
  );
  if (Object.keys(answers).length === 0) return 'it gave no answer';
  return wrong.length === 0 ? null : wrong.map(([way, answer]) => `${way}: ${JSON.stringify(answer)}`).join('\n');
}

/** The table of the documentation. */
export function tableOf(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ consumer, answers, failure }) => {
    const ways = Object.keys(answers).join('; ');
    const device = [
      ...new Set(Object.values(answers).map((answer) => answer.device.replace('WebAssembly SIMD, ', ''))),
    ];
    return `| ${consumer.name} | ${failure === null ? 'works' : 'fails'} | ${ways} | ${device.join('; ')} |`;
  });
  return ['| installed with npm in | | run as | `threads(2)` gives |', '|---|---|---|---|', ...rows].join('\n');
}

const DOCUMENT = `# Where the packages run

Written by \`pnpm consumers\`: each line is a project outside this repository, in which the packed packages were installed, built and run. It normalizes on what
\`pickBackend\` takes, and again with two threads, whose bits must be the same.

`;

/** What a registry has of our packages: the versions that this workspace has. */
async function published(registry: string): Promise<Source> {
  return {
    registry,
    specifiers: Object.fromEntries(publishedPackages.map(({ manifest }) => [manifest.name, manifest.version])),
  };
}

/**
 * @param args parts of names; none: all. `--registry=URL`: not packed, but from a registry, by name and version
 * @returns the exit code
 */
export async function consumers(args: readonly string[]): Promise<number> {
  const registry = args.find((arg) => arg.startsWith('--registry='))?.slice('--registry='.length);
  const names = args.filter((arg) => !arg.startsWith('--registry='));
  const chosen = CONSUMERS.filter(({ name }) => names.length === 0 || names.some((part) => name.includes(part)));
  if (chosen.length === 0) {
    console.error(
      `no consumer is named ${names.join(' or ')}: there are\n${CONSUMERS.map(({ name }) => name).join('\n')}`,
    );
    return 2;
  }
  const before = cleanCommit();
  const folder = await temporaryFolder('consumers');
  try {
    const source = registry ? await published(registry) : await packed(folder.dir);
    const outcomes: Outcome[] = [];
    for (const [i, consumer] of chosen.entries()) {
      const start = performance.now();
      const outcome = await outcomeOf(consumer, join(folder.dir, `consumer-${i}`), source);
      outcomes.push(outcome);
      console.log(
        `${outcome.failure === null ? 'works' : 'FAILS'}  ${consumer.name} (${Math.round((performance.now() - start) / 1000)} s)`,
      );
      if (outcome.failure !== null) console.log(outcome.failure.replace(/^/gm, '       '));
    }
    // A part does not replace the whole.
    if (names.length === 0) await writeFile(join(root, '.ci/consumers/README.md'), `${DOCUMENT}${tableOf(outcomes)}\n`);
    const failed = outcomes.filter(({ failure }) => failure !== null).length;
    // A release asks for it.
    if (names.length === 0) recordConsumers({ before, failed });
    console.log(`\n${outcomes.length - failed} work, ${failed} fail`);
    return failed > 0 ? 1 : 0;
  } finally {
    await folder.remove();
  }
}
