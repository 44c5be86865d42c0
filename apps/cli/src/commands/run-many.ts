import { lstat, mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isRMSNormError, RMSNormError } from '@rmsnorm/core';
import { fileError } from '../files/file-error.ts';
import { absent } from '../files/output-place.ts';
import { Interrupted } from '../interrupt.ts';
import type { Output } from '../terminal/output.ts';
import { showCount, showRate, showSeconds } from '../terminal/quantities.ts';
import { UsageError } from '../usage-error.ts';
import { run } from './run.ts';
import { checkUsage, type RunOptions, STREAM } from './run-options.ts';
import type { RunSummary } from './run-summary.ts';

/** What `--json` prints of an input that could not be normalized. */
export interface RunFailure {
  readonly input: string;
  readonly output: string;
  readonly error: { readonly code: string | null; readonly message: string };
}

/** One input and its place in the folder. */
interface Pair {
  readonly input: string;
  readonly output: string;
}

/**
 * Normalizes each input into a file of its name in `folder`. One that fails does not keep the others from being done.
 * @param onFailure is called at once with what an input failed of
 * @throws UsageError; RMSNormError where the folder will not do; `signal.reason`
 */
export async function runMany(
  inputs: readonly string[],
  folder: string,
  options: Omit<RunOptions, 'output'>,
  signal: AbortSignal,
  onFailure: (input: string, error: unknown) => void,
): Promise<(RunSummary | RunFailure)[]> {
  const pairs = pairsOf(inputs, folder);
  for (const { input, output } of pairs) checkUsage(input, { ...options, output });
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw fileError(error, `make the folder ${folder}`);
  });
  if (!options.force) await assertNone(pairs, folder);
  const results: (RunSummary | RunFailure)[] = [];
  for (const { input, output } of pairs) {
    try {
      results.push(await run(input, { ...options, output }, signal));
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      onFailure(input, error);
      const code = isRMSNormError(error) ? error.code : null;
      results.push({ input, output, error: { code, message: error instanceof Error ? error.message : String(error) } });
    }
  }
  return results;
}

/** A line for each input that was done, and one for all. */
export function manyLines(results: readonly (RunSummary | RunFailure)[], { paint }: Output): string[] {
  const done = results.filter((result): result is RunSummary => !('error' in result));
  const lines = done.map(({ input, output, shape, dtype, seconds, bytesRead, bytesWritten }) => {
    const time = `${showSeconds(seconds)}, ${showRate(bytesRead + bytesWritten, seconds)}`;
    return `${paint('bold', input)} -> ${paint('bold', output)}  [${shape.join(', ')}] ${dtype}, ${time}`;
  });
  const failed = results.length - done.length;
  const all = `${showCount(done.length)} of ${showCount(results.length)} files normalized`;
  return [...lines, failed === 0 ? all : `${all}, ${paint('red', `${showCount(failed)} failed`)}: see above`];
}

function pairsOf(inputs: readonly string[], folder: string): readonly Pair[] {
  const taken = new Map<string, string>();
  return inputs.map((input) => {
    if (input === STREAM) throw new UsageError('stdin has no name that a file in --out-dir could get: give -o OUT');
    const output = join(folder, basename(input));
    const name = sameName(output);
    const other = taken.get(name);
    if (other !== undefined) {
      throw new UsageError(`${other} and ${input} would both become ${output}: run them into different folders`);
    }
    taken.set(name, input);
    return { input, output };
  });
}

/** What two paths share that are one file: on Windows and macOS `A.npy` and `a.npy` are. */
function sameName(path: string): string {
  return ['win32', 'darwin'].includes(process.platform) ? path.toLowerCase() : path;
}

/** Before hours are spent on the others. */
async function assertNone(pairs: readonly Pair[], folder: string): Promise<void> {
  const there: string[] = [];
  for (const { output } of pairs) if (await lstat(output).catch(absent)) there.push(basename(output));
  if (there.length === 0) return;
  const shown = there.length > 5 ? `${there.slice(0, 5).join(', ')} and ${there.length - 5} more` : there.join(', ');
  throw new RMSNormError(
    'FILE_EXISTS',
    `${folder} has ${there.length} of ${pairs.length} outputs: ${shown}: --force replaces them, or name another folder`,
  );
}
