import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { FLOAT_DTYPES } from '@rmsnorm/core';
import { ENTRANTS } from './candidates/index.ts';
import { environment } from './environment.ts';
import { GOALS } from './goals.ts';
import { FULL, type Method, measure, QUICK } from './measure.ts';
import { measureOverhead } from './overhead.ts';
import { type Report, reportAsMarkdown, reportAsText } from './report/index.ts';
import type { WorkloadResult } from './results.ts';
import { QUICK_ELEMENTS, SHAPES } from './shapes.ts';
import { verdicts } from './verdicts.ts';
import { makeWorkload, type Place, workloadId } from './workload.ts';

const HELP = `Usage: pnpm bench [options]

Times @rmsnorm/wasm against its peers and against copies of the same bytes, interleaved in one process.

  --filter TEXT    only workloads whose id contains TEXT: resident/float32/64x4096, outside/..., overhead;
                   several with commas
  --rounds N       rounds (default ${FULL.rounds})
  --quick          few short rounds, small sizes: to see that it runs, not to quote
  --json FILE      where the figures go (default apps/bench/build/bench.json)
  --markdown FILE  the tables as Markdown, too
  --help           this text`;

const PLACES: readonly Place[] = ['resident', 'outside'];
const OVERHEAD_ID = 'overhead';
const JSON_FILE = fileURLToPath(new URL('../build/bench.json', import.meta.url));

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      filter: { type: 'string', default: '' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      markdown: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const method = methodOf(values.quick, values.rounds);
  const parts = values.filter.split(',');
  const wanted = (id: string): boolean => parts.some((part) => id.includes(part));
  const shapes = SHAPES.filter(({ elements }) => !values.quick || elements <= QUICK_ELEMENTS);

  const results: WorkloadResult[] = [];
  for (const place of PLACES) {
    for (const dtype of FLOAT_DTYPES) {
      for (const shape of shapes) {
        const id = workloadId(place, dtype, shape);
        if (!wanted(id)) continue;
        console.error(id);
        results.push(await measure(makeWorkload(place, dtype, shape), ENTRANTS[place], method));
      }
    }
  }
  const overhead = wanted(OVERHEAD_ID) ? await measureOverhead(method) : null;
  if (results.length === 0 && overhead === null) throw new Error(`no workload contains '${values.filter}'`);

  const report: Report = {
    date: new Date().toISOString(),
    environment: environment(),
    method,
    results,
    overhead,
    verdicts: verdicts(GOALS, results),
  };
  console.log(reportAsText(report));
  await write(values.json === undefined ? JSON_FILE : given(values.json), `${JSON.stringify(report, null, 2)}\n`);
  if (values.markdown !== undefined) await write(given(values.markdown), reportAsMarkdown(report));
}

function methodOf(quick: boolean, rounds: string | undefined): Method {
  const method = quick ? QUICK : FULL;
  if (rounds === undefined) return method;
  const count = Number(rounds);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new Error(`--rounds must be a positive integer, got '${rounds}'`);
  return { ...method, rounds: count };
}

/** A path as it was typed: pnpm runs this in another folder, and says from which one it was called. */
function given(path: string): string {
  return resolve(process.env.INIT_CWD ?? '.', path);
}

async function write(file: string, contents: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, contents);
  console.error(`wrote ${file}`);
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
