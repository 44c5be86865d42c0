import { randomUUID } from 'node:crypto';
import { rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { UsageError } from './usage.ts';

/**
 * Whether a file can be made at `path`, before hours of a run are spent on it.
 * @throws UsageError
 */
export async function checkReportPath(option: string, path: string): Promise<void> {
  const folder = await stat(dirname(resolve(path))).catch(() => null);
  if (!folder?.isDirectory()) throw new UsageError(`--${option} ${path}: there is no folder ${dirname(resolve(path))}`);
  const there = await stat(path).catch(() => null);
  if (there?.isDirectory()) throw new UsageError(`--${option} ${path}: that is a folder, not a file`);
}

/** The file appears whole, or not at all; an older one stays until then. */
export async function writeReportFile(path: string, text: string): Promise<void> {
  const unfinished = `${resolve(path)}.${randomUUID()}.tmp`;
  try {
    await writeFile(unfinished, text);
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}
