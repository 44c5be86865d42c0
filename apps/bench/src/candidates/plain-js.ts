import type { Candidate, Entrant, Unable } from '../candidate.ts';
import { secondInput, type Workload } from '../workload.ts';
import { addRows, backwardRows, forwardRows, gateRows, quantizeRows } from './plain-js-loops.ts';

export const plainJs: Entrant = {
  name: 'plain-js',
  does: 'norm',
  about: 'plain JavaScript loops over the same Float32Arrays, as one would write them by hand',
  async create({ ...work }: Workload): Promise<Candidate | Unable> {
    const { inputs, gamma, op, dtype, eps } = work;
    const { layout } = work.shape;
    const { x } = inputs;
    if (!(x instanceof Float32Array)) return { unable: `JavaScript has no arrays of ${dtype} in Node 20` };
    const second = op === 'forward' || op === 'forwardQuantized' ? x : (secondInput(work) as Float32Array);
    const y = new Float32Array(x.length);
    const looped = (outputs: Record<string, Float32Array | Int8Array>, once: () => void): Candidate => ({
      run: (count) => {
        for (let i = 0; i < count; i++) once();
      },
      result: async () => outputs,
      dispose: () => {},
    });
    switch (op) {
      case 'forward':
        return looped({ y }, () => forwardRows(x, gamma, y, layout, eps));
      case 'addForward': {
        const sum = new Float32Array(x.length);
        return looped({ y, sum }, () => {
          addRows(x, second, sum);
          forwardRows(sum, gamma, y, layout, eps);
        });
      }
      case 'gatedForward':
        return looped({ y }, () => {
          gateRows(x, second, y);
          forwardRows(y, gamma, y, layout, eps);
        });
      case 'backward': {
        const dgamma = new Float32Array(gamma.length);
        return looped({ dx: y, dgamma }, () => backwardRows(x, second, gamma, y, dgamma, layout, eps));
      }
      case 'forwardQuantized': {
        const q = new Int8Array(x.length);
        const scales = new Float32Array(layout.outer * layout.inner);
        return looped({ q, scales }, () => {
          forwardRows(x, gamma, y, layout, eps);
          quantizeRows(y, q, scales, layout);
        });
      }
    }
  },
};
