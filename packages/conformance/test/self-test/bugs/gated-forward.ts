import type { GatedForwardIO, Problem } from '@rmsnorm/core';
import type { Bug } from '../bug.ts';
import { OperationsDriver } from '../operations-driver.ts';
import { countElements, type Operands, type Statistic } from '../plain-driver.ts';

const caughtBy = /^gatedForward\//;
const { fround } = Math;

type Gated = Problem & { readonly normBeforeGate: boolean };

export const GATED_FORWARD_BUGS: readonly Bug[] = [
  {
    name: 'sigmoid for silu',
    fault: 'multiplies by 1 / (1 + exp(-z))',
    caughtBy,
    planted: class extends OperationsDriver {
      override silu(z: number): number {
        return 1 / (1 + Math.exp(-z));
      }
    },
  },
  {
    name: 'gelu for silu',
    fault: 'multiplies by z * sigmoid(1.702 z)',
    caughtBy,
    planted: class extends OperationsDriver {
      override silu(z: number): number {
        return z / (1 + Math.exp(-1.702 * z));
      }
    },
  },
  {
    name: 'gate order swapped',
    fault: 'takes normBeforeGate the other way round',
    caughtBy,
    planted: class extends OperationsDriver {
      override gatedForward(p: Gated, io: GatedForwardIO<Uint8Array>): void {
        super.gatedForward({ ...p, normBeforeGate: !p.normBeforeGate }, io);
      }
    },
  },
  {
    name: 'gate always first',
    fault: 'ignores normBeforeGate',
    caughtBy,
    planted: class extends OperationsDriver {
      override gatedForward(p: Gated, io: GatedForwardIO<Uint8Array>): void {
        super.gatedForward({ ...p, normBeforeGate: false }, io);
      }
    },
  },
  {
    name: 'gate applied twice',
    fault: 'multiplies by silu(z) before and after the norm',
    caughtBy,
    planted: class extends OperationsDriver {
      override normalize(p: Problem, operands: Operands): Float32Array {
        const y = super.normalize(p, operands);
        return this.gate ? this.gated(p, y, this.gate) : y;
      }
      private gate: Float32Array | null = null;
      override gatedForward(p: Gated, io: GatedForwardIO<Uint8Array>): void {
        this.gate = p.normBeforeGate ? null : this.load(io.gate, p.dtype, countElements(p));
        super.gatedForward(p, io);
        this.gate = null;
      }
    },
  },
  {
    name: "first group's gate for all",
    fault: 'indexes the gate within its group',
    caughtBy: /^gatedForward\/layouts/,
    planted: class extends OperationsDriver {
      override gated(p: Problem, values: Float32Array, gate: Float32Array): Float32Array {
        const block = p.size * p.inner;
        const mixed = gate.map((_, i) => gate[Math.floor(i / (block * p.groups)) * block * p.groups + (i % block)]!);
        return super.gated(p, values, mixed);
      }
    },
  },
  {
    name: 'one statistic for all gated groups',
    fault: 'ignores groups where the gate comes first, as a port of the ungrouped kernel does',
    caughtBy: /^gatedForward\/layouts/,
    planted: class extends OperationsDriver {
      override gatedForward(p: Gated, io: GatedForwardIO<Uint8Array>): void {
        const { groups, size, statSize } = p;
        const merged = { ...p, groups: 1, size: groups * size, statSize: groups * statSize };
        super.gatedForward(p.normBeforeGate ? p : merged, { ...io, rstd: p.normBeforeGate ? io.rstd : null });
      }
    },
  },
  {
    name: 'silu is 0 below -88',
    fault: 'divides by 1 + exp(-z), which is infinite in float32 where z * exp(z) is not yet 0',
    caughtBy: /^gatedForward\/gates/,
    planted: class extends OperationsDriver {
      override silu(z: number): number {
        return z / fround(1 + fround(Math.exp(-z)));
      }
    },
  },
  {
    name: 'silu overflows below -88',
    fault: 'computes z * exp(z) / (1 + exp(z)) with exp(|z|)',
    caughtBy: /^gatedForward\/gates/,
    planted: class extends OperationsDriver {
      override silu(z: number): number {
        const e = fround(Math.exp(Math.abs(z)));
        return z > 0 ? z * fround(e / fround(1 + e)) : z / (1 + Math.exp(-z));
      }
    },
  },
  {
    name: 'exp of low degree',
    fault: 'has an exp that is off by 2e-6',
    caughtBy,
    planted: class extends OperationsDriver {
      override silu(z: number): number {
        return z / (1 + Math.exp(-z) * (1 + 2e-6 * Math.sin(20 * z)));
      }
    },
  },
  {
    name: 'sigmoid in float16',
    fault: 'rounds silu to the dtype of x before it multiplies',
    caughtBy,
    planted: class extends OperationsDriver {
      override gated(p: Problem, values: Float32Array, gate: Float32Array): Float32Array {
        if (p.dtype === 'float32') return super.gated(p, values, gate);
        const rounded = this.rounded(
          p,
          gate.map((z) => this.silu(z)),
        );
        return values.map((value, i) => value * rounded[i]!);
      }
      private rounded(p: Problem, values: Float32Array): Float32Array {
        const block = new Uint8Array(values.length * 2);
        this.store(block, p.dtype, values);
        return this.load(block, p.dtype, values.length);
      }
    },
  },
  {
    name: 'gated x rounded before the norm',
    fault: 'rounds x * silu(z), or the normalized x, to 16 bits on the way: twice in all',
    caughtBy,
    planted: class extends OperationsDriver {
      override gated(p: Problem, values: Float32Array, gate: Float32Array): Float32Array {
        if (p.dtype === 'float32') return super.gated(p, values, gate);
        const block = new Uint8Array(values.length * 2);
        this.store(block, p.dtype, values);
        const once = super.gated(p, this.load(block, p.dtype, values.length), gate);
        this.store(block, p.dtype, once);
        return this.load(block, p.dtype, values.length);
      }
    },
  },
  {
    name: 'x * r saturated under llama',
    fault: 'takes the largest float16 for an x * r beyond it, so that a small silu brings it back',
    caughtBy: /^gatedForward\/overflow/,
    planted: class extends OperationsDriver {
      override normed(p: Problem, x: number, statistic: Statistic): number {
        const normed = super.normed(p, x, statistic);
        return p.dtype === 'float16' && p.casting === 'llama' ? Math.max(-65504, Math.min(65504, normed)) : normed;
      }
    },
  },
  {
    name: 'statistic of the ungated x',
    fault: 'normalizes x * silu(z) by the statistic of x',
    caughtBy,
    planted: class extends OperationsDriver {
      override gatedForward(p: Gated, io: GatedForwardIO<Uint8Array>): void {
        super.gatedForward({ ...p, normBeforeGate: true }, { ...io, beta: p.normBeforeGate ? io.beta : null });
      }
    },
  },
  {
    name: 'gate read after y is written',
    fault: 'writes norm(x) to y, then reads the gate: wrong where y is the gate',
    caughtBy: /^gatedForward\/in-place/,
    planted: class extends OperationsDriver {
      override gatedForward(p: Gated, io: GatedForwardIO<Uint8Array>): void {
        if (!p.normBeforeGate || p.dtype !== 'float32') {
          super.gatedForward(p, io);
          return;
        }
        const x = this.load(io.x, p.dtype, countElements(p));
        const y = this.normalize(p, { ...this.weights(p, io), x });
        this.store(io.y, p.dtype, y);
        this.store(io.y, p.dtype, this.gated(p, y, this.load(io.gate, p.dtype, y.length)));
      }
    },
  },
];
