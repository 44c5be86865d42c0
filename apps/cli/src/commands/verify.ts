import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { type CaseResult, type Report, runConformance } from '@rmsnorm/conformance';
import { type BackendProvider, RMSNormError } from '@rmsnorm/core';
import { BACKENDS } from '../backends.ts';
import type { Output } from '../terminal/output.ts';
import { type Progress, startProgress } from '../terminal/progress.ts';
import { showCount, showSeconds } from '../terminal/quantities.ts';
import { table } from '../terminal/table.ts';
import { UsageError } from '../usage-error.ts';

export interface VerifyOptions {
  readonly filter?: string;
  readonly seed?: number;
  readonly progress: boolean;
}

/** @throws UsageError, RMSNormError NO_BACKEND or MODULE_NOT_FOUND, `signal.reason` */
export async function verify(subject: string, options: VerifyOptions, signal: AbortSignal): Promise<Report> {
  const provider = await providerOf(subject);
  const probe = await provider.probe();
  if (!probe.ok) {
    const hint = probe.hint ? `: ${probe.hint}` : '';
    throw new RMSNormError('NO_BACKEND', `${provider.name} does not work here: ${probe.code}, ${probe.reason}${hint}`);
  }
  let failed = 0;
  let bar = null as Progress | null;
  try {
    return await runConformance(provider, {
      signal,
      ...(options.filter !== undefined && { filter: options.filter }),
      ...(options.seed !== undefined && { seed: options.seed }),
      onResult: (result, { done, total }) => {
        bar ??= startProgress(total, options.progress, (cases, all, _seconds, note) => `${cases}/${all}  ${note}`);
        if (result.status === 'fail') failed++;
        bar.update(done, `${failed} failed  ${result.id}`);
      },
    });
  } finally {
    bar?.stop();
  }
}

export function reportLines(report: Report, { paint }: Output): string[] {
  const { backend, device, supports, seed, passed, failed, skipped, notRun, results } = report;
  const seconds = results.reduce((sum, { ms }) => sum + ms, 0) / 1e3;
  const failures = results
    .filter(({ status }) => status === 'fail')
    .flatMap(({ id, message }) => [
      `${paint('red', 'FAIL')} ${id}`,
      ...(message ?? '').split('\n').map((l) => `     ${l}`),
    ]);
  const skips = reasonLines(report, 'skip');
  const lost = reasonLines(report, 'not-run');
  return [
    ...failures,
    ...(failures.length > 0 ? [''] : []),
    ...(skips.length > 0 ? ['skipped:', ...skips, ''] : []),
    ...(lost.length > 0 ? ['not run:', ...lost, ''] : []),
    `${paint('bold', backend)}${device === '' ? ': it did not start' : ` (${device}): ${manifestText(supports)}`}`,
    `seed ${seed}, ${showSeconds(seconds)}`,
    `${passed} passed, ${failed > 0 ? paint('red', `${failed} failed`) : '0 failed'}, ${skipped} skipped` +
      (notRun > 0 ? `, ${notRun} not run` : ''),
  ];
}

function manifestText({ accuracy, ops, dtypes, promises }: Report['supports']): string {
  return (
    `accuracy '${accuracy}'; ${ops.join(', ')}; ${dtypes.join(', ')}; ` +
    `promises ${promises.join(', ') || 'nothing beyond that'}`
  );
}

/** Why cases of this status came to it, each reason with how many there are. */
function reasonLines({ results }: Report, wanted: CaseResult['status']): string[] {
  const reasons = new Map<string, number>();
  for (const { status, message = 'no reason' } of results) {
    if (status === wanted) reasons.set(message, (reasons.get(message) ?? 0) + 1);
  }
  return table(
    [...reasons].map(([reason, count]) => [showCount(count), reason.replace(/^not run: /, '')]),
    [0],
  ).map((line) => `  ${line}`);
}

async function providerOf(subject: string): Promise<BackendProvider> {
  const entry = BACKENDS.find(({ name }) => name === subject);
  if (entry) {
    return entry.load().catch((error: Error) => {
      throw new RMSNormError('MODULE_NOT_FOUND', `${subject} ${error.message}`, { cause: error });
    });
  }
  if (!/[./\\]/.test(subject)) {
    const names = BACKENDS.map(({ name }) => name).join(', ');
    throw new UsageError(`there is no backend '${subject}': name one of ${names}, or a module, ./${subject}.js`);
  }
  const found = await defaultExportOf(subject);
  const provider: unknown = typeof found === 'function' ? await (found as () => unknown)() : found;
  if (isProvider(provider)) return provider;
  throw new UsageError(
    `the default export of ${subject} must be a BackendProvider { name, apiVersion: 1, probe, create }, or a function ` +
      `that returns one; it is ${found === undefined ? 'missing' : `a ${typeof found}`}`,
  );
}

async function defaultExportOf(path: string): Promise<unknown> {
  try {
    const module = (await import(pathToFileURL(path).href)) as { default?: unknown };
    return module.default;
  } catch (error) {
    // What a module throws may be no Error.
    const message = error instanceof Error ? error.message.split('\n')[0] : inspect(error);
    throw new RMSNormError('MODULE_NOT_FOUND', `${path} does not load: ${message}`, { cause: error });
  }
}

function isProvider(value: unknown): value is BackendProvider {
  const provider = value as Partial<BackendProvider> | null | undefined;
  return provider?.apiVersion === 1 && typeof provider.probe === 'function' && typeof provider.create === 'function';
}
