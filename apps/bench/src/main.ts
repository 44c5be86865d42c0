import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Adapter } from './chromium/launch.ts';
import { COPIES } from './copies.ts';
import { environment } from './environment.ts';
import { specs } from './families.ts';
import { methodFor } from './method/method.ts';
import { HELP, type Options, optionsOf } from './options.ts';
import { measureOverhead } from './overhead.ts';
import { plotsOf } from './plots/index.ts';
import { reportAsMarkdown, reportAsText } from './report/index.ts';
import { merged, type Report, reportOf, type TargetReport } from './report/report.ts';
import type { OverheadResult, WorkloadResult } from './results.ts';
import { chromiumRunner } from './runners/chromium.ts';
import { nodeRunner } from './runners/node.ts';
import { nodeWebGPURunner } from './runners/node-webgpu.ts';
import type { Runner } from './runners/runner.ts';
import type { Spec, Target } from './spec.ts';

const OVERHEAD_ID = 'node/overhead';
const BUILD = fileURLToPath(new URL('../build', import.meta.url));

async function main(): Promise<void> {
  const options = optionsOf(process.argv.slice(2));
  if (options.help) return console.log(HELP);
  if (options.from.length > 0) {
    const parts = options.from.map((file) => JSON.parse(readFileSync(given(file), 'utf8')) as Report);
    return finish(merged(parts), options);
  }
  const { targets, filter, threads, quick, adapter } = options;
  const wanted = (id: string): boolean => filter.some((part) => id.includes(part));
  const chosen = specs(targets, { threads, quick, adapter }).filter(({ id }) => wanted(id));
  const overheadToo = targets.includes('node') && threads === 1 && wanted(OVERHEAD_ID);
  if (chosen.length === 0 && !overheadToo) throw new Error(`no workload contains '${filter.join(',')}'`);
  if (options.list)
    return console.log([...chosen.map(({ id }) => id), ...(overheadToo ? [OVERHEAD_ID] : [])].join('\n'));
  await finish(await run(chosen, overheadToo, options), options);
}

async function run(chosen: readonly Spec[], overheadToo: boolean, options: Options): Promise<Report> {
  const { threads, quick, rounds, adapter } = options;
  const results: WorkloadResult[] = [];
  const ran: TargetReport[] = [];
  const failures: string[] = [];
  const date = new Date().toISOString();
  const report = (overhead: readonly OverheadResult[]): Report =>
    reportOf({ date, environment: environment(threads), targets: ran, results, overhead, failures });
  for (const target of options.targets) {
    const own = chosen.filter((spec) => spec.target === target);
    if (own.length === 0) continue;
    const method = methodFor(target, quick, rounds);
    let runner: Runner;
    try {
      runner = await runnerOf(target, threads, adapter);
    } catch (error) {
      failures.push(`${target} did not run: ${messageOf(error)}`);
      continue;
    }
    try {
      ran.push({ target, engine: runner.engine, legend: runner.legend, method });
      for (const [i, spec] of own.entries()) {
        console.error(`${spec.id} (${i + 1} of ${own.length})`);
        try {
          results.push(await runner.measure(spec, method));
          // So that a run that is stopped has lost nothing: --from makes a report of it.
          await writeJson(report([]), options);
        } catch (error) {
          failures.push(`${spec.id}: ${messageOf(error)}`);
        }
      }
    } finally {
      await runner.close();
    }
  }
  return report(overheadToo ? await measureOverhead(methodFor('node', quick, rounds)) : []);
}

async function finish(report: Report, options: Options): Promise<void> {
  console.log(reportAsText(report));
  await writeAll(report, options);
  if (report.failures.length > 0) throw new Error(report.failures.join('\n'));
}

/** The first line: of an error in a page the rest is a trace. */
function messageOf(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n')[0]!;
}

function runnerOf(target: Target, threads: number, adapter: Adapter): Promise<Runner> {
  if (target === 'node-webgpu') return nodeWebGPURunner(threads, adapter);
  return target === 'node' ? nodeRunner(threads) : chromiumRunner(target, threads, adapter);
}

async function writeAll(report: Report, options: Options): Promise<void> {
  const { markdown, plots } = options;
  const folder = plots === undefined ? join(BUILD, 'plots') : given(plots);
  const page = markdown === undefined ? join(BUILD, 'bench.md') : given(markdown);
  const images: string[] = [];
  for (const { file, svg } of await plotsOf(report.results, COPIES)) {
    await write(join(folder, file), svg);
    console.error(`wrote ${join(folder, file)}`);
    images.push(relative(dirname(page), join(folder, file)));
  }
  console.error(`wrote ${await writeJson(report, options)}`);
  await write(page, reportAsMarkdown(report, images));
  console.error(`wrote ${page}`);
}

async function writeJson(report: Report, { json }: Options): Promise<string> {
  const file = json === undefined ? join(BUILD, 'bench.json') : given(json);
  await write(file, `${JSON.stringify(report, null, 2)}\n`);
  return file;
}

/** A path as it was typed: pnpm runs this in another folder, and says from which one it was called. */
function given(path: string): string {
  return resolve(process.env.INIT_CWD ?? '.', path);
}

async function write(file: string, contents: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, contents);
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
