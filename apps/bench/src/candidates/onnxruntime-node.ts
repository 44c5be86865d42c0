import * as ort from 'onnxruntime-node';
import type { Candidate, Entrant, Unable } from '../candidate.ts';
import { fastest } from '../method/fastest.ts';
import type { Workload } from '../workload.ts';
import { onnxBytes, onnxGraph } from './onnx-graph.ts';
import { type OnnxValues, onnxFeeds, onnxFetches, onnxResults, type Runtime } from './onnxruntime-session.ts';
import { unableFor } from './reason.ts';

const runtime = ort as unknown as Runtime;

/**
 * Its memory is typed arrays: it reads the inputs in place, in resident workloads and in end-to-end ones. It makes new arrays
 * for the outputs, or fills given ones. Which of both is faster depends on size and version: the faster one is timed.
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
      const fetches = onnxFetches(runtime, graph);
      let values: OnnxValues = {};
      const fresh = async (count: number): Promise<void> => {
        for (let i = 0; i < count; i++) values = await session.run(feeds);
      };
      const preallocated = async (count: number): Promise<void> => {
        for (let i = 0; i < count; i++) await session.run(feeds, fetches);
        values = fetches;
      };
      return {
        run: await fastest([fresh, preallocated]),
        result: async () => onnxResults(values),
        dispose: () => session.release(),
      };
    } catch (error) {
      return unableFor(error);
    }
  },
};
