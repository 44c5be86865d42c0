import * as ort from 'onnxruntime-node';
import type { Candidate, Entrant, Unable } from '../candidate.ts';
import { fastest } from '../method/fastest.ts';
import type { Elements, Workload } from '../workload.ts';
import { onnxBytes, onnxGraph } from './onnx-graph.ts';
import { type OnnxValues, onnxFeeds, onnxResults, onnxTensors, type Runtime } from './onnxruntime-session.ts';
import { unableFor } from './reason.ts';

const runtime = ort as unknown as Runtime;

/**
 * Typed arrays are its memory: it reads the inputs in place, resident or not. Outputs come in arrays of its own, or in
 * given ones; which is faster depends on size and version, so both are tried and the faster one runs.
 */
export const onnxruntimeNode: Entrant = {
  name: 'onnxruntime-node',
  does: 'norm',
  about:
    'onnxruntime-node, native AVX: session.run of the same in ONNX, outputs fresh or preallocated, whichever is faster',
  async create(work: Workload): Promise<Candidate | Unable> {
    try {
      const graph = onnxGraph(work);
      const session = await runtime.InferenceSession.create(onnxBytes(graph), {
        executionProviders: ['cpu'],
        graphOptimizationLevel: 'all',
        intraOpNumThreads: work.threads,
        interOpNumThreads: 1,
        logSeverityLevel: 4,
      });
      const feeds = onnxFeeds(runtime, work);
      const outputs = Object.fromEntries(
        graph.outputs.map(({ name, dims }) => [name, { data: emptyLike(work.inputs.x, dims), dims }]),
      );
      const fetches = onnxTensors(runtime, work, outputs);
      let values: OnnxValues = {};
      const fresh = async (count: number): Promise<void> => {
        for (let i = 0; i < count; i++) values = await session.run(feeds);
      };
      const given = async (count: number): Promise<void> => {
        for (let i = 0; i < count; i++) await session.run(feeds, fetches);
        values = fetches;
      };
      return {
        run: await fastest([fresh, given]),
        result: async () => onnxResults(values),
        dispose: () => session.release(),
      };
    } catch (error) {
      return unableFor(error);
    }
  },
};

function emptyLike<T extends Elements>(x: T, dims: readonly number[]): T {
  return new (x.constructor as new (length: number) => T)(dims.reduce((product, length) => product * length, 1));
}
