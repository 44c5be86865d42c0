#!/usr/bin/env node
import { resolve } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { isRMSNormError } from '@rmsnorm/core';
import { formatReport } from './format-report.ts';
import { providerOf } from './provider-of.ts';
import type { CaseResult } from './report.ts';
import { DEFAULT_SEED, runConformance } from './run.ts';

const USAGE = `usage: rmsnorm-conformance MODULE [--filter ID] [--json] [--seed N]

Runs the conformance suite against the backend that MODULE, a JavaScript file, exports as its default: a provider
{ name, apiVersion: 1, probe, create }, or a function that returns one.

  --filter ID   only cases whose id contains ID, or matches it where it has a *: 'forward/values:*float16*'
  --json        the report as JSON on stdout
  --seed N      of the random inputs; ${DEFAULT_SEED} unless given
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
  const { module, filter, json, seed, help } = parse(args);
  if (help) {
    process.stdout.write(`${USAGE}\n`);
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
  const report = await runConformance(provider, {
    seed,
    onResult: progress,
    ...(filter !== undefined && { filter }),
  });
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  process.stdout.write(`${json ? JSON.stringify(report, null, 2) : formatReport(report)}\n`);
  return report.failed > 0 ? 1 : 0;
}

interface Arguments {
  readonly module: string;
  readonly filter: string | undefined;
  readonly json: boolean;
  readonly seed: number;
  readonly help: boolean;
}

function parse(args: string[]): Arguments {
  const { values, positionals } = parsed(args);
  const { filter, json = false, help = false } = values;
  const seed = values.seed === undefined ? DEFAULT_SEED : Number(values.seed);
  if (!Number.isSafeInteger(seed)) throw new UsageError(`--seed must be an integer, got '${values.seed}'`);
  if (!help && positionals.length !== 1) throw new UsageError(`one MODULE is needed, got ${positionals.length}`);
  return { module: positionals[0] ?? '', filter, json, seed, help };
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        filter: { type: 'string' },
        json: { type: 'boolean' },
        seed: { type: 'string' },
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

/** One line on a terminal, nothing into a file or a pipe. */
function progress({ id }: CaseResult, { done, total }: { done: number; total: number }): void {
  if (!process.stderr.isTTY) return;
  const width = Math.max(20, (process.stderr.columns ?? 80) - 1);
  process.stderr.write(`\r\x1b[K${`${done}/${total} ${id}`.slice(0, width)}`);
}
