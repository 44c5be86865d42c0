import type { FloatDType, ForwardIO, Problem } from '@rmsnorm/core';
import type { Bug } from '../../bug.ts';
import { countElements, floats, halves, PlainDriver } from '../../plain-driver.ts';

type IO = ForwardIO<Uint8Array>;

/** Bytes written that are not the output's, or in the wrong order. */
export const OVERWRITTEN_BUGS: readonly Bug[] = [
  {
    name: 'input overwritten',
    fault: 'leaves the result in x too',
    caughtBy: /^forward\/isolation:check=inputs/,
    planted: class extends PlainDriver {
      override forward(p: Problem, io: IO): void {
        super.forward(p, io);
        io.x.set(io.y);
      }
    },
  },
  {
    name: 'extreme input rescaled in place',
    fault: 'writes the rescaled row back into x before it sums it again',
    caughtBy: /^forward\/isolation:check=special-rows/,
    planted: class extends PlainDriver {
      override forward(p: Problem, io: IO): void {
        super.forward(p, io);
        if (p.dtype !== 'float32' || io.x === io.y) return;
        const x = floats(io.x, countElements(p));
        if (x.some((value) => Math.abs(value) > 2 ** 64)) x.set(x.map((value) => value * 2 ** -64));
      }
    },
  },
  {
    name: 'gamma overwritten',
    fault: 'adds weightOffset to gamma in place, again at every call',
    caughtBy: /^forward\/class/,
    planted: class extends PlainDriver {
      override forward(p: Problem, io: IO): void {
        super.forward(p, io);
        if (io.gamma)
          floats(io.gamma, p.groups * p.size).forEach((weight, i, gamma) => {
            gamma[i] = weight + p.weightOffset;
          });
      }
    },
  },
  {
    name: 'one element too many',
    fault: 'writes one element behind the end of the output',
    caughtBy: /^forward\/isolation:check=(neighbours|wrapped)/,
    planted: class extends PlainDriver {
      override store(block: Uint8Array, dtype: FloatDType, values: Float32Array): void {
        super.store(block, dtype, values);
        const end = block.byteOffset + values.length * (dtype === 'float32' ? 4 : 2);
        new Uint8Array(block.buffer).fill(0x3f, end, end + (dtype === 'float32' ? 4 : 2));
      }
    },
  },
  {
    name: 'a whole vector at the end',
    fault: 'writes 4 elements at a time, also where fewer are left',
    caughtBy: /^forward\/isolation:check=(neighbours|wrapped)/,
    planted: class extends PlainDriver {
      override store(block: Uint8Array, dtype: FloatDType, values: Float32Array): void {
        super.store(block, dtype, values);
        const bytes = dtype === 'float32' ? 4 : 2;
        const [end, full] = [values.length, Math.ceil(values.length / 4) * 4].map((i) => block.byteOffset + i * bytes);
        new Uint8Array(block.buffer).fill(0, end, full);
      }
    },
  },
  {
    name: 'a whole word at an odd end',
    fault: 'writes 16-bit results as pairs: where their number is odd, 2 bytes behind the end become 0',
    caughtBy: /^forward\/isolation:check=(neighbours|wrapped)/,
    planted: class extends PlainDriver {
      override store(block: Uint8Array, dtype: FloatDType, values: Float32Array): void {
        super.store(block, dtype, values);
        if (dtype !== 'float32' && values.length % 2 === 1) {
          new Uint16Array(block.buffer)[block.byteOffset / 2 + values.length] = 0;
        }
      }
    },
  },
  {
    name: 'rstd one too many',
    fault: 'writes one rstd behind the end',
    caughtBy: /^forward\/isolation:check=neighbours/,
    planted: class extends PlainDriver {
      override forward(p: Problem, io: IO): void {
        super.forward(p, io);
        if (!io.rstd) return;
        const end = io.rstd.byteOffset + p.outer * p.groups * p.inner * 4;
        new Uint8Array(io.rstd.buffer).fill(0x3f, end, end + 4);
      }
    },
  },
  {
    name: 'halves swapped',
    fault: 'writes 16-bit results in pairs, the second first',
    caughtBy: /^forward\/values:dtype=(float16|bfloat16)/,
    planted: class extends PlainDriver {
      override store(block: Uint8Array, dtype: FloatDType, values: Float32Array): void {
        super.store(block, dtype, values);
        if (dtype === 'float32') return;
        const y = halves(block, values.length);
        for (let i = 0; i + 1 < y.length; i += 2) y.subarray(i, i + 2).reverse();
      }
    },
  },
];
