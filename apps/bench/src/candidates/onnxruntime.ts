import { onnxModel } from '@rmsnorm/onnx-model';
import * as ort from 'onnxruntime-web';
import type { Candidate, Entrant, Unable } from '../candidate.ts';
import type { Workload } from '../workload.ts';
import { int64, OPSET, rmsNormalizationGraph } from './rms-normalization-graph.ts';

ort.env.wasm.numThreads = 1;

/**
 * What an application gets. ORT's WASM copies every input into its heap and every output out of it: the JavaScript API
 * keeps no CPU tensor there, and a preallocated output (`fetches`) comes back unwritten (1.30: it is copied in, not out).
 */
export const onnxruntimeWasm: Entrant = {
  name: 'onnxruntime-wasm',
  does: 'norm',
  about: 'onnxruntime-web, WASM: session.run of RMSNormalization; it copies x into its heap and y out of it',
  async create(work: Workload): Promise<Candidate | Unable> {
    const { dtype, shape, x } = work;
    const value = { type: dtype, dims: shape.shape };
    const graph = {
      ...rmsNormalizationGraph(work),
      inputs: [{ name: 'x', ...value }],
      outputs: [{ name: 'y', ...value }],
    };
    const session = await createSession(onnxModel(graph, OPSET), 'all');
    if ('unable' in session) return session;
    const feeds = { x: tensor(x, work) };
    let y: ort.Tensor | undefined;
    return {
      run: async (count) => {
        for (let i = 0; i < count; i++) y = (await session.run(feeds)).y;
      },
      result: async () => y!.data as Float32Array | Uint16Array,
      dispose: () => session.release(),
    };
  },
};

/**
 * ORT's kernel without its copies, which no application gets: x is an initializer of the model, and of y only the first
 * elements leave. Unoptimized, since the optimizer would compute y once, at load. The whole y is checked by a second
 * model, which is the one above.
 */
export const onnxruntimeKernel: Entrant = {
  name: 'onnxruntime-kernel',
  does: 'norm',
  about: "the same without ORT's copies, which its API does not offer: x is a constant of the model, y stays inside",
  async create(work: Workload): Promise<Candidate | Unable> {
    const { dtype, shape, x } = work;
    const { nodes, initializers } = rmsNormalizationGraph(work);
    const rank = shape.shape.length;
    const graph = {
      nodes: [...nodes, { op: 'Slice', inputs: ['y', 'starts', 'ends'], output: 'corner' }],
      initializers: [
        ...initializers,
        { name: 'x', type: dtype, dims: shape.shape, data: x },
        int64('starts', Array(rank).fill(0)),
        int64('ends', Array(rank).fill(1)),
      ],
      inputs: [],
      outputs: [{ name: 'corner', type: dtype, dims: Array(rank).fill(1) }],
    };
    const session = await createSession(onnxModel(graph, OPSET), 'disabled');
    if ('unable' in session) return session;
    let corner: ort.Tensor | undefined;
    return {
      run: async (count) => {
        for (let i = 0; i < count; i++) corner = (await session.run({})).corner;
      },
      result: async () => {
        const y = await wholeResult(work);
        if (y[0] !== (corner!.data as Float32Array | Uint16Array)[0]) throw new Error('the two models disagree');
        return y;
      },
      dispose: () => session.release(),
    };
  },
};

async function wholeResult(work: Workload): Promise<Float32Array | Uint16Array> {
  const candidate = await onnxruntimeWasm.create(work);
  if ('unable' in candidate) throw new Error(candidate.unable);
  await candidate.run(1);
  const y = await candidate.result();
  await candidate.dispose();
  return y;
}

async function createSession(
  model: Uint8Array,
  graphOptimizationLevel: 'all' | 'disabled',
): Promise<ort.InferenceSession | Unable> {
  try {
    return await ort.InferenceSession.create(model, {
      executionProviders: ['wasm'],
      graphOptimizationLevel,
      logSeverityLevel: 3,
    });
  } catch (error) {
    const [reason] = String(error instanceof Error ? error.message : error).split('\n');
    return { unable: reason! };
  }
}

function tensor(data: Float32Array | Uint16Array, { dtype, shape }: Workload): ort.Tensor {
  if (dtype === 'float32') return new ort.Tensor('float32', data as Float32Array, shape.shape);
  return new ort.Tensor(dtype as 'float16', data as Uint16Array, shape.shape);
}
