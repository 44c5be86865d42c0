import { forkBench } from './fork.ts';
import type { Runner } from './runner.ts';
import { watchedRunner } from './watched.ts';

/** In a process of its own, so that a candidate that hangs in it, or ends it, is all that is lost. */
export function nodeRunner(threads: number): Promise<Runner> {
  const module = new URL('./node-process.js', import.meta.url);
  return watchedRunner((onStage) => forkBench(module, threads, onStage));
}
