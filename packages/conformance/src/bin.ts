#!/usr/bin/env node
import { resolve } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { type BackendProvider, isRMSNormError } from '@rmsnorm/core';
import type { Depth } from './case/depth.ts';
import { formatCounterexample, formatFuzz } from './fuzz/format-fuzz.ts';
import { replay, runFuzz } from './fuzz/fuzz.ts';
import { parseTrial } from './fuzz/trial-text.ts';
import { checkedDepth } from './plan/depth.ts';
import { showCoverage } from './plan/show-coverage.ts';
import { providerOf } from './provider-of.ts';
import { formatReport } from './run/format-report.ts';
import type { CaseResult } from './run/report.ts';
import { DEFAULT_SEED, runConformance } from './run/run.ts';

const USAGE = `usage: rmsnorm-conformance MODULE [--filter ID] [--depth D] [--json] [--seed N]
       rmsnorm-conformance --coverage [MODULE] [--depth D]
       rmsnorm-conformance MODULE --fuzz ROWS [--seed N]
       rmsnorm-conformance MODULE --replay TRIAL

Runs the conformance suite against the backend that MODULE, a JavaScript file, exports as its default: a provider
{ name, apiVersion: 1, probe, create }, or a function that returns one.

  --filter ID   only cases whose id contains ID, or matches it where it has a *: 'forward/values:*float16*'
  --depth D     quick, default or thorough: how much of the suite; default unless given
  --coverage    what the cases of that depth cover, and why not the rest; with MODULE, those that apply to its backend
  --json        the report as JSON on stdout
  --seed N      of the random inputs; ${DEFAULT_SEED} unless given
  --fuzz ROWS   instead of the suite: random calls with random bit patterns, ROWS rows in all
  --replay TRIAL  one call that --fuzz printed
  --help        this text

Exit status: 0 all passed, 1 something failed, 2 wrong usage.`;

class UsageError extends Error {}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const usage = error instanceof UsageError;
  const text = usage || isRMSNormError(error) ? (error as Error).message : ((error as Error)?.stack ?? String(error));
  process.stderr.write(`${text}\n${usage ? `\n${USAGE}\n` : ''}`);
  process.exitCode = usage || isRMSNormError(error, 'INVALID_OPTION') ? 2 : 1;
}

async function main(args: string[]): Promise<number> {
  const { module, filter, depth, coverage, json, seed, fuzz, replay: trial, help } = parse(args);
  if (help) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  if (coverage && module === '') {
    process.stdout.write(`${await showCoverage(depth, null)}\n`);
    return 0;
  }
  const provider = await providerOf(await load(module), module);
  const probe = await provider.probe();
  if (!probe.ok) {
    process.stderr.write(
      `${provider.name} cannot run here: ${probe.code}: ${probe.reason}${probe.hint ? `; ${probe.hint}` : ''}\n`,
    );
    return 1;
  }
  if (coverage) {
    process.stdout.write(`${await showCoverage(depth, provider)}\n`);
    return 0;
  }
  if (trial !== undefined) return repeated(provider, trial, module);
  if (fuzz !== undefined) return fuzzed(provider, { rows: fuzz, seed }, module);
  const report = await runConformance(provider, {
    seed,
    depth,
    onResult: progress,
    ...(filter !== undefined && { filter }),
  });
  clearLine();
  process.stdout.write(`${json ? JSON.stringify(report, null, 2) : formatReport(report)}\n`);
  return report.failed > 0 ? 1 : 0;
}

async function fuzzed(
  provider: BackendProvider,
  options: { rows: number; seed: number },
  module: string,
): Promise<number> {
  const onProgress = ({ rows, failures }: { rows: number; failures: number }): void =>
    showLine(`${rows}/${options.rows} rows, seed ${options.seed}, ${failures} failed`);
  const report = await runFuzz(provider, { ...options, onProgress });
  clearLine();
  process.stdout.write(`${formatFuzz(report, module)}\n`);
  return report.failures.length > 0 ? 1 : 0;
}

async function repeated(provider: BackendProvider, text: string, module: string): Promise<number> {
  const trial = parseTrial(text);
  const backend = await provider.create();
  try {
    const failure = await replay(backend, trial);
    process.stdout.write(
      failure === null ? `${backend.name} (${backend.device}): passed\n` : `${formatCounterexample(failure, module)}\n`,
    );
    return failure === null ? 0 : 1;
  } finally {
    await backend.dispose();
  }
}

interface Arguments {
  readonly module: string;
  readonly filter: string | undefined;
  readonly depth: Depth;
  readonly coverage: boolean;
  readonly json: boolean;
  readonly seed: number;
  readonly fuzz: number | undefined;
  readonly replay: string | undefined;
  readonly help: boolean;
}

function parse(args: string[]): Arguments {
  const { values, positionals } = parsed(args);
  const { filter, json = false, help = false, coverage = false, replay } = values;
  const depth = depthOf(values.depth);
  const seed = values.seed === undefined ? DEFAULT_SEED : Number(values.seed);
  if (!Number.isSafeInteger(seed)) throw new UsageError(`--seed must be an integer, got '${values.seed}'`);
  const fuzz = values.fuzz === undefined ? undefined : Number(values.fuzz);
  if (fuzz !== undefined && !(Number.isSafeInteger(fuzz) && fuzz > 0)) {
    throw new UsageError(`--fuzz must be a number of rows, got '${values.fuzz}'`);
  }
  if ((fuzz !== undefined || replay !== undefined) && (filter !== undefined || json)) {
    throw new UsageError('--filter and --json belong to the suite, not to --fuzz or --replay');
  }
  if (fuzz !== undefined && replay !== undefined) throw new UsageError('--fuzz or --replay, not both');
  if (coverage && (filter !== undefined || json || fuzz !== undefined || replay !== undefined)) {
    throw new UsageError('--coverage goes with MODULE and --depth alone');
  }
  const modules = positionals.length;
  if (!help && modules !== 1 && !(coverage && modules === 0))
    throw new UsageError(`one MODULE is needed, got ${modules}`);
  return { module: positionals[0] ?? '', filter, depth, coverage, json, seed, fuzz, replay, help };
}

function depthOf(name: string | undefined): Depth {
  try {
    return checkedDepth(name ?? 'default');
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        filter: { type: 'string' },
        depth: { type: 'string' },
        coverage: { type: 'boolean' },
        json: { type: 'boolean' },
        seed: { type: 'string' },
        fuzz: { type: 'string' },
        replay: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
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

function progress({ id }: CaseResult, { done, total }: { done: number; total: number }): void {
  showLine(`${done}/${total} ${id}`);
}

/** One line on a terminal, nothing into a file or a pipe. */
function showLine(text: string): void {
  if (!process.stderr.isTTY) return;
  const width = Math.max(20, (process.stderr.columns ?? 80) - 1);
  process.stderr.write(`\r\x1b[K${text.slice(0, width)}`);
}

function clearLine(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
}
