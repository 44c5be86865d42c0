import { type FloatDType, type ForwardIO, type Problem, roundTo } from '@rmsnorm/core';
import type { Bug } from '../bug.ts';
import { halves, PlainDriver, type Row, type Statistic } from '../plain-driver.ts';

const { fround } = Math;

/** Sums that lose digits, and results rounded too often, too early or in the wrong direction. */
export const PRECISION_BUGS: readonly Bug[] = [
  {
    name: 'statistics in float16',
    fault: 'sums squares in the dtype of x',
    caughtBy: /^forward\/values:dtype=float16/,
    planted: class extends PlainDriver {
      override statistic(p: Problem, row: Float32Array, place: Row): Statistic {
        if (p.dtype !== 'float16') return super.statistic(p, row, place);
        let sum = 0;
        for (const x of row.subarray(0, p.statSize)) sum = roundTo('float16', sum + roundTo('float16', x * x));
        const rstd = this.inverseRoot(p, sum, 1);
        return { scale: 1, factor: fround(p.alpha * rstd), rstd };
      }
    },
  },
  {
    name: 'r in float16',
    fault: 'rounds r to float16 for 16-bit tensors, where 1e6 is infinite',
    caughtBy: /^forward\/values:dtype=float16/,
    planted: class extends PlainDriver {
      override normed(p: Problem, x: number, statistic: Statistic): number {
        return super.normed(p, x, { ...statistic, factor: roundTo(p.dtype, statistic.factor) });
      }
    },
  },
  {
    name: '16 accumulators in float32',
    fault: 'sums squares in 16 float32 lanes, each a chain as long as size / 16',
    caughtBy: /^forward\/sums/,
    planted: class extends PlainDriver {
      override sumOfSquares(row: Float32Array, count: number, scale: number): number {
        const lanes = new Float32Array(16);
        for (let i = 0; i < count; i++) lanes[i % 16]! += fround(fround(row[i]! * scale) ** 2);
        return lanes.reduce((sum, lane) => fround(sum + lane), 0);
      }
    },
  },
  {
    name: 'one accumulator in float32',
    fault: 'sums squares in one float32, one after another',
    caughtBy: /^forward\/sums/,
    planted: class extends PlainDriver {
      override sumOfSquares(row: Float32Array, count: number, scale: number): number {
        let sum = 0;
        for (let i = 0; i < count; i++) sum = fround(sum + fround(fround(row[i]! * scale) ** 2));
        return sum;
      }
    },
  },
  {
    name: 'blocks of 64 in float32',
    fault: 'chains 64 float32 additions before it adds to float64',
    caughtBy: /^forward\/sums/,
    planted: class extends PlainDriver {
      override sumOfSquares(row: Float32Array, count: number, scale: number): number {
        let total = 0;
        for (let i = 0; i < count; i += 64) {
          let block = 0;
          for (let j = i; j < Math.min(i + 64, count); j++)
            block = fround(block + fround(fround(row[j]! * scale) ** 2));
          total += block;
        }
        return total;
      }
    },
  },
  {
    name: 'vectors of 4 added in float32',
    fault: 'adds the sums of 4 squares to a float32 accumulator',
    caughtBy: /^forward\/sums/,
    planted: class extends PlainDriver {
      override sumOfSquares(row: Float32Array, count: number, scale: number): number {
        let total = 0;
        for (let i = 0; i < count; i += 4)
          total = fround(total + super.sumOfSquares(row.subarray(i), Math.min(4, count - i), scale));
        return total;
      }
    },
  },
  {
    name: 'estimated reciprocal root',
    fault: "takes r from the well-known bit trick and two of Newton's steps",
    caughtBy: /^forward\/values/,
    planted: class extends PlainDriver {
      override inverseRoot(p: Problem, sum: number, scale: number): number {
        const exact = super.inverseRoot(p, sum, scale);
        const root = fround(1 / exact ** 2);
        if (!(root > 0 && root < 2 ** 120)) return exact;
        const bits = new Int32Array(new Float32Array([root]).buffer);
        let r = new Float32Array(new Int32Array([0x5f3759df - (bits[0]! >> 1)]).buffer)[0]!;
        for (let step = 0; step < 2; step++) r *= 1.5 - 0.5 * root * r * r;
        return r;
      }
    },
  },
  {
    name: 'llama rounded once',
    fault: "ignores casting 'llama'",
    caughtBy: /^forward\/options:casting=llama/,
    planted: class extends PlainDriver {
      override normed(p: Problem, x: number, statistic: Statistic): number {
        return super.normed({ ...p, casting: 'gemma' }, x, statistic);
      }
    },
  },
  {
    name: 'gemma rounded twice',
    fault: 'rounds x * r to the dtype of x whatever the casting',
    caughtBy: /^forward\/values:dtype=(float16|bfloat16)/,
    planted: class extends PlainDriver {
      override normed(p: Problem, x: number, statistic: Statistic): number {
        return super.normed({ ...p, casting: 'llama' }, x, statistic);
      }
    },
  },
  {
    name: 'rounded before beta',
    fault: 'rounds x * r * gamma to the dtype of x, then adds beta',
    caughtBy: /^forward\/options:beta/,
    planted: class extends PlainDriver {
      override output(p: Problem, normed: number, weight: number, beta: number | null): number {
        return fround(roundTo(p.dtype, fround(normed * weight)) + (beta ?? 0));
      }
    },
  },
  {
    name: 'bfloat16 truncated',
    fault: 'cuts the lower half of the float32 off',
    caughtBy: /^forward\/values:dtype=bfloat16/,
    planted: class extends PlainDriver {
      override store(block: Uint8Array, dtype: FloatDType, values: Float32Array): void {
        if (dtype !== 'bfloat16') super.store(block, dtype, values);
        else halves(block, values.length).set(Uint16Array.from(new Uint32Array(values.buffer), (bits) => bits >>> 16));
      }
    },
  },
  {
    name: 'bfloat16 ties up',
    fault: 'rounds half away from zero instead of half to even',
    caughtBy: /^forward\/rounding/,
    planted: class extends PlainDriver {
      override store(block: Uint8Array, dtype: FloatDType, values: Float32Array): void {
        super.store(block, dtype, values);
        if (dtype !== 'bfloat16') return;
        const y = halves(block, values.length);
        for (const [i, bits] of new Uint32Array(values.buffer).entries()) {
          if ((bits & 0xffff) === 0x8000) y[i] = (bits >>> 16) + 1;
        }
      }
    },
  },
  {
    name: 'float16 ties up',
    fault: 'rounds half away from zero instead of half to even',
    caughtBy: /^forward\/rounding/,
    planted: class extends PlainDriver {
      override store(block: Uint8Array, dtype: FloatDType, values: Float32Array): void {
        const up = (value: number): number => value * (1 + 2 ** -23);
        super.store(block, dtype, dtype === 'float16' ? values.map(up) : values);
      }
    },
  },
  {
    name: 'float16 subnormals flushed',
    fault: 'writes 0 for results below 2^-14',
    caughtBy: /^forward\/.*float16/,
    planted: class extends PlainDriver {
      override store(block: Uint8Array, dtype: FloatDType, values: Float32Array): void {
        const flush = (value: number): number => (Math.abs(value) < 2 ** -14 ? 0 : value);
        super.store(block, dtype, dtype === 'float16' ? values.map(flush) : values);
      }
    },
  },
  {
    name: 'float16 subnormals rounded twice',
    fault: 'rounds to the 11 bits of a normal float16 first, then to the fewer of a subnormal',
    caughtBy: /^forward\/rounding/,
    planted: class extends PlainDriver {
      override store(block: Uint8Array, dtype: FloatDType, values: Float32Array): void {
        const to11Bits = (value: number): number => {
          const split = fround(value * (2 ** 13 + 1));
          return Math.abs(value) < 2 ** -14 ? fround(split - fround(split - value)) : value;
        };
        super.store(block, dtype, dtype === 'float16' ? values.map(to11Bits) : values);
      }
    },
  },
  {
    name: 'float16 saturates',
    fault: 'writes 65504 where the result overflows to infinity',
    caughtBy: /^forward\/rounding/,
    planted: class extends PlainDriver {
      override store(block: Uint8Array, dtype: FloatDType, values: Float32Array): void {
        const saturate = (value: number): number => Math.max(-65504, Math.min(65504, value));
        super.store(block, dtype, dtype === 'float16' ? values.map(saturate) : values);
      }
    },
  },
  {
    name: 'float16 spoils its neighbour',
    fault: 'writes pairs; where one of them overflows both are infinite, as WGSL permits pack2x16float to',
    caughtBy: /^forward\/rounding/,
    planted: class extends PlainDriver {
      override store(block: Uint8Array, dtype: FloatDType, values: Float32Array): void {
        super.store(block, dtype, values);
        if (dtype !== 'float16') return;
        const y = halves(block, values.length);
        for (let i = 0; i + 1 < y.length; i += 2) {
          if (Math.abs(values[i]!) > 65504 || Math.abs(values[i + 1]!) > 65504) y[i] = y[i + 1] = 0x7c00;
        }
      }
    },
  },
  {
    name: 'float16 subnormals read as 0',
    fault: 'flushes float16 inputs below 2^-14, which are far inside the range of float32',
    caughtBy: /^forward\/subnormals:.*dtype=float16/,
    planted: class extends PlainDriver {
      override load(block: Uint8Array, dtype: FloatDType, count: number): Float32Array {
        const values = super.load(block, dtype, count);
        return dtype === 'float16' ? values.map((value) => (Math.abs(value) < 2 ** -14 ? 0 : value)) : values;
      }
    },
  },
  {
    name: '16-bit tensors taken for the other type',
    fault: 'reads and writes bfloat16 as float16 where inner is greater than 1',
    caughtBy: /^forward\/channels-first:dtype=bfloat16/,
    planted: class extends PlainDriver {
      override forward(p: Problem, io: ForwardIO<Uint8Array>): void {
        const wrong = p.dtype === 'bfloat16' && p.inner > 1;
        super.forward(wrong ? { ...p, dtype: 'float16' } : p, io);
      }
    },
  },
];
