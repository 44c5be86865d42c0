import { type Backend, RMSNorm, type Tensor } from '@rmsnorm/core';
import type { Elements } from '../elements.ts';
import { inputArrays, type Workload } from '../workload.ts';

/** A workload's operation on a backend of ours: the tensors stay, and each call writes the outputs again. */
export interface Calls {
  call(): void;
  /** The same tensors each time, but for dgamma, which each call makes anew. */
  outputs(): Readonly<Record<string, Tensor>>;
}

export function normOf({ shape, eps, affine, gamma }: Workload): RMSNorm {
  const norm = new RMSNorm({ ...shape.options, eps });
  if (affine) norm.gamma = { dtype: 'float32', shape: [gamma.length], data: gamma };
  return norm;
}

/** x and, where there is one, the second input, as tensors of the backend. */
export function upload(work: Workload, backend: Backend): Tensor[] {
  return inputArrays(work).map((data) => backend.tensor(data!, work.shape.shape, work.dtype));
}

export function callsOf(work: Workload, backend: Backend, norm: RMSNorm, [x, second]: readonly Tensor[]): Calls {
  const { op, dtype, shape } = work;
  const like = (): Tensor => backend.empty(shape.shape, dtype);
  const fixed = (outputs: Record<string, Tensor>, call: () => void): Calls => ({ call, outputs: () => outputs });
  switch (op) {
    case 'forward': {
      const y = like();
      return fixed({ y }, () => norm.forward(x!, y));
    }
    case 'addForward': {
      const out = { y: like(), sum: like() };
      return fixed(out, () => norm.addForward(x!, second!, { out }));
    }
    case 'gatedForward': {
      const y = like();
      return fixed({ y }, () => norm.gatedForward(x!, second!, y));
    }
    case 'forwardQuantized': {
      const { outer, inner } = shape.layout;
      const out = { q: norm.forwardQuantized(x!).q, scales: backend.empty([outer, inner]) };
      return fixed(out, () => norm.forwardQuantized(x!, { out }));
    }
    case 'backward': {
      const dx = like();
      let dgamma: Tensor | null = null;
      return {
        call: () => {
          dgamma?.dispose();
          ({ dgamma } = norm.backward(x!, second!, { out: { dx } }));
        },
        outputs: () => ({ dx, ...(dgamma && { dgamma }) }),
      };
    }
    default:
      throw new Error(`no call is known of ${op satisfies never}`);
  }
}

export async function download(outputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Elements>> {
  const entries = Object.entries(outputs).map(async ([name, tensor]) => [name, await tensor.data()] as const);
  return Object.fromEntries(await Promise.all(entries));
}
