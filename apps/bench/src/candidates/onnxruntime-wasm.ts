import * as ort from 'onnxruntime-web';
import type { Candidate, Entrant, Unable } from '../candidate.ts';
import type { Workload } from '../workload.ts';
import { onnxBytes, onnxGraph } from './onnx-graph.ts';
import { onnxFeeds, onnxResults } from './onnxruntime-session.ts';
import { unableFor } from './reason.ts';

/**
 * What an application gets. ORT's WASM copies every input into its heap and every output out of it: the JavaScript API
 * keeps no CPU tensor there, and a preallocated output (`fetches`) comes back unwritten (1.30: it is copied in, not out).
 */
export const onnxruntimeWasm: Entrant = {
  name: 'onnxruntime-wasm',
  does: 'norm',
  about: 'onnxruntime-web, WASM: session.run of the same in ONNX; it copies the inputs into its heap, the outputs out',
  async create(work: Workload): Promise<Candidate | Unable> {
    try {
      const session = await onnxruntimeSession(onnxBytes(onnxGraph(work)), work, 'all');
      const feeds = onnxFeeds(ort, work);
      let values: ort.InferenceSession.OnnxValueMapType = {};
      return {
        run: async (count) => {
          for (let i = 0; i < count; i++) values = await session.run(feeds);
        },
        result: async () => onnxResults(values),
        dispose: () => session.release(),
      };
    } catch (error) {
      return unableFor(error);
    }
  },
};

/** A session of onnxruntime-web on WASM. Errors alone are logged. */
export function onnxruntimeSession(
  model: Uint8Array,
  { threads }: Workload,
  graphOptimizationLevel: 'all' | 'disabled',
): Promise<ort.InferenceSession> {
  ort.env.wasm.numThreads = threads;
  const options = { executionProviders: ['wasm'], graphOptimizationLevel, logSeverityLevel: 4 } as const;
  return ort.InferenceSession.create(model, options);
}
