import type { Tensor } from 'onnxruntime-web';
import type { Candidate, Entrant, Unable } from '../candidate.ts';
import type { Workload } from '../workload.ts';
import { int64, node, onnxBody, onnxBytes } from './onnx-graph.ts';
import { onnxruntimeSession, onnxruntimeWasm } from './onnxruntime-wasm.ts';
import { unableFor } from './reason.ts';

/**
 * ORT's kernel without its copies, which no application gets: x is an initializer of the model, and only the first element
 * of y leaves it. The optimizer is off: it would compute y once, at load. The model of onnxruntime-wasm gives the whole y
 * that is checked.
 */
export const onnxruntimeKernel: Entrant = {
  name: 'onnxruntime-kernel',
  does: 'norm',
  about: "the same without ORT's copies, which its API does not offer: x is a constant of the model, y stays inside",
  async create(work: Workload): Promise<Candidate | Unable> {
    try {
      const session = await onnxruntimeSession(onnxBytes(graph(work)), work, 'disabled');
      let corner: Tensor | undefined;
      return {
        run: async (count) => {
          for (let i = 0; i < count; i++) corner = (await session.run({})).corner;
        },
        result: async () => {
          const y = await wholeResult(work);
          if (y[0] !== (corner!.data as Float32Array)[0]) throw new Error('the two models disagree');
          return { y };
        },
        dispose: () => session.release(),
      };
    } catch (error) {
      return unableFor(error);
    }
  },
};

function graph(work: Workload): Parameters<typeof onnxBytes>[0] {
  const { dtype, shape, inputs } = work;
  const { nodes, initializers } = onnxBody(work);
  const each = (value: number): number[] => shape.shape.map(() => value);
  return {
    nodes: [...nodes, node('Slice', ['y', 'starts', 'ends'], 'corner')],
    initializers: [
      ...initializers,
      { name: 'x', type: dtype, dims: shape.shape, data: inputs.x },
      int64('starts', each(0)),
      int64('ends', each(1)),
    ],
    inputs: [],
    outputs: [{ name: 'corner', type: dtype, dims: each(1) }],
  };
}

async function wholeResult(work: Workload): Promise<Float32Array | Uint16Array> {
  const candidate = await onnxruntimeWasm.create(work);
  if ('unable' in candidate) throw new Error(candidate.unable);
  await candidate.run(1);
  const { y } = (await candidate.result()) as { y: Float32Array | Uint16Array };
  await candidate.dispose();
  return y;
}
