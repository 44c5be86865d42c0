import { type ForwardQuantizedIO, type Problem, roundTo } from '@rmsnorm/core';
import type { Bug } from '../bug.ts';
import { OperationsDriver } from '../operations-driver.ts';
import type { Operands } from '../plain-driver.ts';

const caughtBy = /^forwardQuantized\//;

type Quantize = Problem & { readonly scale: number | null };

export const QUANTIZED_BUGS: readonly Bug[] = [
  {
    name: 'halves away from zero',
    fault: 'rounds 2.5 to 3',
    caughtBy: /^forwardQuantized\/ties/,
    planted: class extends OperationsDriver {
      override nearest(value: number): number {
        return Math.sign(value) * Math.floor(Math.abs(value) + 0.5);
      }
    },
  },
  {
    name: 'quantized by truncation',
    fault: 'cuts y / scale off',
    caughtBy,
    planted: class extends OperationsDriver {
      override nearest(value: number): number {
        return Math.trunc(value);
      }
    },
  },
  {
    name: 'a scale for each group',
    fault: 'quantizes each group by its own largest element, and writes the scale of the last',
    caughtBy: /^forwardQuantized\/(groups|layouts)/,
    planted: class extends OperationsDriver {
      override quantizePlace(p: Quantize, y: Float32Array, place: number, q: Int8Array, scales: Float32Array): void {
        const split = { ...p, outer: p.outer * p.groups, groups: 1 };
        const all = new Float32Array(p.outer * p.groups * p.inner);
        const first = Math.floor(place / p.inner) * p.groups;
        for (let group = 0; group < p.groups; group++) {
          const at = (first + group) * p.inner + (place % p.inner);
          super.quantizePlace(split, y, at, q, all);
          scales[place] = all[at]!;
        }
      }
    },
  },
  {
    name: 'one scale for the tensor',
    fault: 'takes the largest |y| of all rows',
    caughtBy,
    planted: class extends OperationsDriver {
      private largest = 0;
      override quantizePlace(p: Quantize, y: Float32Array, place: number, q: Int8Array, scales: Float32Array): void {
        this.largest = y.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
        super.quantizePlace(p, y, place, q, scales);
      }
      override quantum(p: Quantize): number {
        return super.quantum(p, this.largest);
      }
    },
  },
  {
    name: 'one row spoils the others',
    fault: 'does a tensor in another way, to other bits within the bound, where one of its rows is not plain',
    caughtBy: /^forwardQuantized\/invariance:beside/,
    planted: class extends OperationsDriver {
      private plain = true;
      override quantizePlace(p: Quantize, y: Float32Array, place: number, q: Int8Array, scales: Float32Array): void {
        this.plain = y.every(Number.isFinite);
        super.quantizePlace(p, y, place, q, scales);
      }
      override quantum(p: Quantize, max: number): number {
        return super.quantum(p, this.plain ? max : max * (1 + 2 ** -22));
      }
    },
  },
  {
    name: 'scale = max / 128',
    fault: 'divides by 128',
    caughtBy,
    planted: class extends OperationsDriver {
      override quantum(p: Quantize, max: number): number {
        return super.quantum(p, max * (127 / 128));
      }
    },
  },
  {
    name: 'scale of a zero row is 0',
    fault: 'does not replace the scale 0 by 1',
    caughtBy: /^forwardQuantized\/zero-rows/,
    planted: class extends OperationsDriver {
      override quantum({ scale }: Quantize, max: number): number {
        return scale ?? max / 127;
      }
    },
  },
  {
    name: 'scale raised to 1e-5',
    fault: 'takes 1e-5 for every smaller scale, as some kernels do against zero rows',
    caughtBy: /^forwardQuantized\/zero-rows/,
    planted: class extends OperationsDriver {
      override quantum(p: Quantize, max: number): number {
        return p.scale ?? Math.max(max / 127, 1e-5);
      }
    },
  },
  {
    name: 'clamped at -128',
    fault: 'uses the whole range of int8',
    caughtBy: /^forwardQuantized\/given-scale/,
    planted: class extends OperationsDriver {
      override clamp(value: number): number {
        return Math.max(-128, Math.min(127, value));
      }
    },
  },
  {
    name: 'wraps around',
    fault: 'does not clamp, so that 128 becomes -128',
    caughtBy: /^forwardQuantized\/given-scale/,
    planted: class extends OperationsDriver {
      override clamp(value: number): number {
        return value;
      }
    },
  },
  {
    name: 'given scale ignored',
    fault: 'computes scales although one was given',
    caughtBy: /^forwardQuantized\/given-scale/,
    planted: class extends OperationsDriver {
      override quantum(p: Quantize, max: number): number {
        return super.quantum({ ...p, scale: null }, max);
      }
    },
  },
  {
    name: 'given scale not written',
    fault: 'leaves scales as they were where one is given',
    caughtBy: /^forwardQuantized\/given-scale/,
    planted: class extends OperationsDriver {
      override forwardQuantized(p: Quantize, io: ForwardQuantizedIO<Uint8Array>): void {
        super.forwardQuantized(p, p.scale === null ? io : { ...io, scales: new Uint8Array(io.scales.length) });
      }
    },
  },
  {
    name: 'given scale multiplied',
    fault: 'takes the scale for its reciprocal',
    caughtBy: /^forwardQuantized\/given-scale/,
    planted: class extends OperationsDriver {
      override quantum(p: Quantize, max: number): number {
        return p.scale === null ? super.quantum(p, max) : 1 / p.scale;
      }
    },
  },
  {
    name: 'y rounded before it is quantized',
    fault: 'rounds y to the dtype of x first',
    caughtBy,
    planted: class extends OperationsDriver {
      override normalize(p: Problem, operands: Operands): Float32Array {
        const y = super.normalize(p, operands);
        return 'scale' in p ? y.map((value) => roundTo(p.dtype, value)) : y;
      }
    },
  },
  {
    name: 'scales as [inner, outer]',
    fault: 'writes the scales transposed',
    caughtBy,
    planted: class extends OperationsDriver {
      override forwardQuantized(p: Quantize, io: ForwardQuantizedIO<Uint8Array>): void {
        super.forwardQuantized(p, io);
        const scales = new Float32Array(io.scales.buffer, io.scales.byteOffset, p.outer * p.inner);
        const right = scales.slice();
        for (const [at, scale] of right.entries()) {
          scales[(at % p.inner) * p.outer + Math.floor(at / p.inner)] = scale;
        }
      }
    },
  },
  {
    name: 'int8 written in words of four',
    fault: 'writes whole words, also past the end of q',
    caughtBy: /^forwardQuantized\/isolation/,
    planted: class extends OperationsDriver {
      override forwardQuantized(p: Quantize, io: ForwardQuantizedIO<Uint8Array>): void {
        super.forwardQuantized(p, io);
        const count = p.outer * p.groups * p.size * p.inner;
        io.q.subarray(count, Math.ceil(count / 4) * 4).fill(0);
      }
    },
  },
];
