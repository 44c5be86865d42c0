import type { Candidate, Entrant, Unable } from '../candidate.ts';
import { inputArrays, type Workload } from '../workload.ts';
import { addRows, backwardRows, forwardRows, gateRows, quantizeRows } from './plain-js-loops.ts';

type PlainOutputs = Readonly<Record<string, Float32Array | Int8Array>>;

/** A workload's operation as loops: one call writes the outputs, which stay the same arrays. */
interface Loops {
  readonly outputs: PlainOutputs;
  call(): void;
}

export const plainJs: Entrant = {
  name: 'plain-js',
  does: 'norm',
  about: 'plain JavaScript loops over the same Float32Arrays, as one would write them by hand',
  async create(work: Workload): Promise<Candidate | Unable> {
    if (work.dtype !== 'float32') return { unable: `JavaScript has no arrays of ${work.dtype} in Node 20` };
    const { outputs, call } = loopsOf(work);
    return {
      run: (count) => {
        for (let i = 0; i < count; i++) call();
      },
      result: async () => outputs,
      dispose: () => {},
    };
  },
};

function loopsOf(work: Workload): Loops {
  const { gamma, op, eps, shape } = work;
  const { layout } = shape;
  const [x, second = x] = inputArrays(work) as [Float32Array, Float32Array?];
  const y = new Float32Array(x.length);
  switch (op) {
    case 'forward':
      return { outputs: { y }, call: () => forwardRows(x, gamma, y, layout, eps) };
    case 'addForward': {
      const sum = new Float32Array(x.length);
      const call = (): void => {
        addRows(x, second, sum);
        forwardRows(sum, gamma, y, layout, eps);
      };
      return { outputs: { y, sum }, call };
    }
    case 'gatedForward': {
      const call = (): void => {
        gateRows(x, second, y);
        forwardRows(y, gamma, y, layout, eps);
      };
      return { outputs: { y }, call };
    }
    case 'backward': {
      const dgamma = new Float32Array(gamma.length);
      return { outputs: { dx: y, dgamma }, call: () => backwardRows(x, second, gamma, y, dgamma, layout, eps) };
    }
    case 'forwardQuantized': {
      const q = new Int8Array(x.length);
      const scales = new Float32Array(layout.outer * layout.inner);
      const call = (): void => {
        forwardRows(x, gamma, y, layout, eps);
        quantizeRows(y, q, scales, layout);
      };
      return { outputs: { q, scales }, call };
    }
    default:
      throw new Error(`no loops are known of ${op satisfies never}`);
  }
}
