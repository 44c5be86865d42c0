import { wasm } from '@rmsnorm/wasm';
import { threads } from '@rmsnorm/wasm/threads';
import type { CandidateName, Entrant } from '../candidate.ts';
import { medianCall } from '../method/stopwatch.ts';
import type { Workload } from '../workload.ts';
import { callsOf, normOf, upload } from './rmsnorm-calls.ts';
import { repeated } from './rmsnorm-wasm.ts';

export const rmsnormThreads: Entrant = byMedianCall(
  'rmsnorm-wasm',
  '@rmsnorm/wasm with as many threads as the table says; tensors in its heap and `out`',
  ({ threads }) => threads,
);

export const rmsnormOneThread: Entrant = byMedianCall(
  'rmsnorm-one-thread',
  'the same on the calling thread alone',
  () => 1,
);

/** Each call of a turn counts as the median one: a call during which the host took a core away does not show. */
function byMedianCall(name: CandidateName, about: string, threadsOf: (work: Workload) => number): Entrant {
  return {
    name,
    does: 'norm',
    about,
    async create(work) {
      const backend = await wasm({ threads: threads(threadsOf(work)) }).create();
      const calls = callsOf(work, backend, normOf(work), upload(work, backend));
      return { ...repeated(calls, backend), stopwatch: medianCall(calls.call) };
    },
  };
}
