import { ReplacedFile } from '../files/replaced-file.ts';
import { startBackend, streamJob, summaryOf, withJob } from './run-job.ts';
import type { RunOptions } from './run-options.ts';
import type { RunSummary } from './run-summary.ts';

/**
 * Normalizes `input` into `options.output`.
 * @throws UsageError; RMSNormError; `signal.reason`
 */
export function run(input: string, options: RunOptions, signal: AbortSignal): Promise<RunSummary> {
  return withJob(input, options, async (job) => {
    const output = await ReplacedFile.create(options.output, options.force);
    try {
      const started = await startBackend(job, options.backend, signal);
      try {
        const start = performance.now();
        const outcome = await streamJob(job, started, output.file, options, signal);
        // Before the rename: Windows does not replace a file that is open.
        await job.source.file.close();
        await output.commit();
        return summaryOf(job, options, started, outcome, (performance.now() - start) / 1e3);
      } finally {
        await started.backend.dispose();
      }
    } finally {
      await output.discard();
    }
  });
}
