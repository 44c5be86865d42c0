import { environment } from './environment.ts';
import { defaultThreads, specs } from './families/specs.ts';
import { methodFor } from './method/method.ts';
import type { Options } from './options.ts';
import { measureFirstResult } from './overhead/first-result.ts';
import { measureOverhead } from './overhead/wasm.ts';
import { measureWebGPUCalls } from './overhead/webgpu.ts';
import { type Measured, type Report, reportOf, type TargetReport } from './report/report.ts';
import type { FirstResultTime, OverheadResult, WebGPUCalls, WorkloadResult } from './results.ts';
import { chromiumRunner } from './runners/chromium.ts';
import { nodeRunner } from './runners/node.ts';
import type { Runner } from './runners/runner.ts';
import type { Spec, Target } from './spec.ts';

/** What one call costs beyond its kernel, and what the command line does before its first: measured on one thread, after the workloads. */
const OVERHEAD_IDS = ['node/overhead', 'node-webgpu/overhead', 'node/npx'] as const;

/** What the options choose. */
export interface Chosen {
  readonly specs: readonly Spec[];
  readonly overhead: readonly (typeof OVERHEAD_IDS)[number][];
}

/** @throws Error where that is nothing */
export function chosenBy({ targets, filter, threads, quick, adapter }: Options): Chosen {
  const wanted = (id: string): boolean => filter.some((part) => id.includes(part));
  const chosen = {
    specs: specs(targets, { threads, quick, adapter }).filter(({ id }) => wanted(id)),
    overhead: OVERHEAD_IDS.filter(
      (id) => (threads ?? 1) === 1 && wanted(id) && targets.some((target) => id.startsWith(`${target}/`)),
    ),
  };
  if (chosen.specs.length + chosen.overhead.length === 0) {
    throw new Error(`no workload contains '${filter.join(',')}'`);
  }
  return chosen;
}

export function idsOf({ specs, overhead }: Chosen): string[] {
  return [...specs.map(({ id }) => id), ...overhead];
}

/** Everything that a run has found so far. */
interface Progress {
  readonly results: WorkloadResult[];
  readonly targets: TargetReport[];
  readonly failures: string[];
  overhead: readonly OverheadResult[];
  webgpuCalls: WebGPUCalls | null;
  firstResult: readonly FirstResultTime[];
}

/**
 * Measures what was chosen. What fails is named in the report, and the rest goes on.
 * @param save is given a report after each workload, so that a run that is stopped has lost nothing
 */
export async function run(
  chosen: Chosen,
  options: Options,
  save: (report: Report) => Promise<unknown>,
): Promise<Report> {
  const progress: Progress = {
    results: [],
    targets: [],
    failures: [],
    overhead: [],
    webgpuCalls: null,
    firstResult: [],
  };
  const constant: Pick<Measured, 'date' | 'environment'> = {
    date: new Date().toISOString(),
    environment: environment(options.threads ?? 1),
  };
  const report = (): Report => reportOf({ ...constant, ...progress });
  for (const target of options.targets) {
    const own = chosen.specs.filter((spec) => spec.target === target);
    if (own.length > 0) await runTarget(target, own, options, progress, () => save(report()));
  }
  for (const id of chosen.overhead) await runOverhead(id, options, progress);
  return report();
}

async function runTarget(
  target: Target,
  chosen: readonly Spec[],
  { threads, quick, rounds, adapter }: Options,
  { results, targets, failures }: Progress,
  save: () => Promise<unknown>,
): Promise<void> {
  const method = methodFor(target, quick, rounds);
  let runner: Runner;
  try {
    runner = await runnerOf(target, { threads: threads ?? defaultThreads(target), adapter });
  } catch (error) {
    failures.push(`${target} did not run: ${messageOf(error)}`);
    return;
  }
  try {
    targets.push({ target, engine: runner.engine, legend: runner.legend, method });
    for (const [i, spec] of chosen.entries()) {
      console.error(`${spec.id} (${i + 1} of ${chosen.length})`);
      try {
        results.push(await runner.measure(spec, method));
        await save();
      } catch (error) {
        failures.push(`${spec.id}: ${messageOf(error)}`);
      }
    }
  } finally {
    await runner.close();
  }
}

async function runOverhead(
  id: Chosen['overhead'][number],
  { quick, rounds, adapter }: Options,
  progress: Progress,
): Promise<void> {
  console.error(id);
  try {
    switch (id) {
      case 'node/overhead':
        progress.overhead = await measureOverhead(methodFor('node', quick, rounds));
        return;
      case 'node-webgpu/overhead':
        progress.webgpuCalls = await measureWebGPUCalls(adapter, rounds ?? (quick ? 7 : 25));
        return;
      case 'node/npx':
        progress.firstResult = await measureFirstResult(rounds ?? (quick ? 1 : 7));
        return;
      default:
        throw new Error(`nothing is known of ${id satisfies never}`);
    }
  } catch (error) {
    progress.failures.push(`${id}: ${messageOf(error)}`);
  }
}

function runnerOf(
  target: Target,
  { threads, adapter }: { threads: number; adapter: Options['adapter'] },
): Promise<Runner> {
  switch (target) {
    case 'node':
    case 'node-webgpu':
    case 'gpu-clock':
    case 'cuda':
    case 'threads':
      return nodeRunner(target, threads, adapter);
    case 'chromium':
    case 'chromium-webgpu':
      return chromiumRunner(target, threads, adapter);
    default:
      throw new Error(`no runner for ${target satisfies never}`);
  }
}

/** The first line: the rest of an error in a page is a trace. */
function messageOf(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n')[0]!;
}
