import { type ByteTarget, StreamTarget } from '../files/byte-target.ts';
import { ReplacedFile } from '../files/replaced-file.ts';
import { UsageError } from '../usage-error.ts';
import { startBackend, streamJob, summaryOf, withJob } from './run-job.ts';
import { type RunOptions, STREAM } from './run-options.ts';
import type { RunSummary } from './run-summary.ts';

/** Where a run writes to. */
interface RunOutput {
  readonly target: ByteTarget;
  /** Ends it. `check` is called when all is written, and throws where the output shall not come to be. */
  commit(check: () => Promise<void>): Promise<void>;
  /** Takes back what was written, where that can be; nothing after `commit`. */
  discard(): Promise<void>;
}

/**
 * Normalizes `input` into `options.output`.
 * @throws UsageError; RMSNormError; `signal.reason`
 */
export function run(input: string, options: RunOptions, signal: AbortSignal): Promise<RunSummary> {
  return withJob(input, options, signal, async (job) => {
    const output = await openOutput(options, signal);
    try {
      const started = await startBackend(job, options.backend, signal);
      try {
        const start = performance.now();
        const outcome = await streamJob(job, started, output.target, options, signal);
        await output.commit(async () => {
          await job.source.source.checkAtEnd(job.source.end);
          // Before the rename: Windows does not replace a file that is open.
          await job.source.source.close();
          if (signal.aborted) throw signal.reason;
        });
        return summaryOf(job, options, started, outcome, (performance.now() - start) / 1e3);
      } finally {
        await started.backend.dispose();
      }
    } finally {
      await output.discard();
    }
  });
}

async function openOutput({ output, force }: RunOptions, signal: AbortSignal): Promise<RunOutput> {
  if (output !== STREAM) return ReplacedFile.create(output, force);
  if (process.stdout.isTTY) throw new UsageError('OUT is -, and stdout is a terminal: send it to a file, -o - > y.npy');
  return {
    target: new StreamTarget(process.stdout, 'stdout', signal),
    commit: (check) => check(),
    discard: async () => {},
  };
}
