/*
 * The program of the backend's own process: does what its one argument says, and tells of it in lines. The driver may end
 * it at any time; the process that watches it then knows what it did.
 */
import { resolve } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { type BackendProvider, isRMSNormError } from '@rmsnorm/core';
import { describeError } from '../case/failure.ts';
import { explainCase } from '../explain/explain.ts';
import { explanationJson, formatExplanation } from '../explain/format-explanation.ts';
import { formatCounterexample, formatFuzz } from '../fuzz/format-fuzz.ts';
import { replay, runFuzz } from '../fuzz/fuzz.ts';
import { TrialRunner } from '../fuzz/trial-runner.ts';
import { parseTrial } from '../fuzz/trial-text.ts';
import { casesToRun } from '../plan/cases-to-run.ts';
import { showCoverage } from '../plan/show-coverage.ts';
import { providerOf } from '../provider-of.ts';
import { leaveExitsAlone } from '../run/exit-guard.ts';
import { probed } from '../run/probe.ts';
import { runCases } from '../run/run.ts';
import { startBackend } from '../run/start-backend.ts';
import { unreachable } from '../unreachable.ts';
import type {
  CoverageArguments,
  ExplainArguments,
  FuzzArguments,
  ReplayArguments,
  SuiteArguments,
} from './arguments.ts';
import { tell } from './lines.ts';
import { UsageError } from './usage.ts';
import type { Request } from './watched-process.ts';

/** What ends the run without a report, in words for stderr. */
class Refusal extends Error {}

leaveExitsAlone();
// Where nobody reads what the driver prints, that is no fault of the driver.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

try {
  const status = await run(JSON.parse(process.argv[2]!) as Request);
  // What a driver left there is not the run's.
  process.exitCode = 0;
  tell({ type: 'done', status });
} catch (error) {
  const usage = error instanceof UsageError || isRMSNormError(error, 'INVALID_OPTION');
  const known = usage || error instanceof Refusal || isRMSNormError(error);
  tell({ type: 'refusal', text: known ? (error as Error).message : describeError(error), usage });
  tell({ type: 'done', status: usage ? 2 : 1 });
}

async function run(request: Request): Promise<number> {
  switch (request.command) {
    case 'suite':
      return suite(request, request.skip ?? 0);
    case 'coverage':
      return coverage(request);
    case 'explain':
      return explained(request);
    case 'fuzz':
      return fuzzed(request);
    case 'replay':
      return repeated(request);
    default:
      return unreachable(request);
  }
}

async function suite(request: SuiteArguments, skip: number): Promise<number> {
  const { filter, depth, seed, timeout, failFast } = request;
  const cases = casesToRun(filter, depth);
  tell({ type: 'cases', ids: cases.map(({ id }) => id) });
  const provider = await providerIn(request);
  const probe = await probed(provider, timeout);
  if (probe instanceof Error) {
    tell({ type: 'broken', text: probe.message });
    return 1;
  }
  refuseAbsent(provider, probe);
  doing('in create()');
  const report = await runCases(provider, cases.slice(skip), {
    seed,
    timeout,
    failFast,
    onBackend: (facts) => tell({ type: 'backend', facts }),
    onCase: ({ id }) =>
      doing(id === cases.at(-1)!.id ? `in the case ${id}, or in dispose() after it` : `in the case ${id}`),
    onResult: (result) => tell({ type: 'result', result }),
  });
  return report.failed > 0 ? 1 : 0;
}

async function coverage(request: CoverageArguments): Promise<number> {
  const provider = request.module === '' ? null : await availableIn(request);
  tell({ type: 'output', text: await showCoverage(request.depth, provider) });
  return 0;
}

async function explained(request: ExplainArguments): Promise<number> {
  const { module, id, seed, timeout, json } = request;
  const provider = await availableIn(request);
  doing(`in the case ${id}`);
  const explanation = await explainCase(provider, id, { seed, timeout });
  const again = `All numbers: rmsnorm-conformance ${module} --explain '${id}' --seed ${seed} --json`;
  tell({ type: 'output', text: json ? explanationJson(explanation) : `${formatExplanation(explanation)}\n\n${again}` });
  return explanation.result.status === 'fail' ? 1 : 0;
}

async function fuzzed(request: FuzzArguments): Promise<number> {
  const { module, rows, seed, timeout } = request;
  const provider = await availableIn(request);
  const report = await runFuzz(provider, {
    rows,
    seed,
    timeout,
    onProgress: ({ rows: done, failures }) => {
      const text = `${done}/${rows} rows, seed ${seed}, ${failures} failed`;
      doing(`in the fuzz, after ${done} rows of seed ${seed}`);
      tell({ type: 'progress', text });
    },
  });
  tell({ type: 'output', text: formatFuzz(report, module) });
  return report.failures.length > 0 ? 1 : 0;
}

async function repeated(request: ReplayArguments): Promise<number> {
  const { module, trial: text, timeout } = request;
  const trial = parseTrial(text);
  const { instance: backend } = await startBackend(await availableIn(request), timeout);
  const runner = new TrialRunner(backend, timeout);
  doing('in the replay');
  try {
    const failure = await replay(runner, trial);
    const passed = `${backend.name} (${backend.device}): passed`;
    tell({ type: 'output', text: failure === null ? passed : formatCounterexample(failure, module) });
    return failure === null ? 0 : 1;
  } finally {
    await runner.close();
  }
}

/** The provider, of which `probe()` says that it works here. */
async function availableIn(request: Request): Promise<BackendProvider> {
  const provider = await providerIn(request);
  const probe = await probed(provider, request.timeout);
  if (probe instanceof Error) throw new Refusal(probe.message);
  refuseAbsent(provider, probe);
  doing('in create()');
  return provider;
}

async function providerIn({ module }: Request): Promise<BackendProvider> {
  tell({ type: 'doing', what: `while ${module} was loaded`, loading: true });
  const provider = await providerOf(await load(module), module);
  doing('in probe()');
  return provider;
}

function refuseAbsent({ name }: BackendProvider, probe: Awaited<ReturnType<BackendProvider['probe']>>): void {
  if (probe.ok) return;
  const { code, reason, hint } = probe;
  throw new Refusal(`${name} cannot run here: ${code}: ${reason}${hint ? `; ${hint}` : ''}`);
}

async function load(module: string): Promise<unknown> {
  const url = pathToFileURL(resolve(module)).href;
  try {
    return await import(url);
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_MODULE_NOT_FOUND' && (error as { url?: string }).url === url) {
      throw new UsageError(`there is no module ${resolve(module)}`);
    }
    throw error;
  }
}

function doing(what: string): void {
  tell({ type: 'doing', what });
}
