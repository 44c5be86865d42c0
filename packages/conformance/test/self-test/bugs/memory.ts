import type { FloatDType, ForwardIO, Problem } from '@rmsnorm/core';
import type { Bug } from '../bug.ts';
import { countElements, floats, halves, type Operands, PlainDriver, type Row } from '../plain-driver.ts';

type IO = ForwardIO<Uint8Array>;

/** Bytes written that are not the output's, output that is not written, buffers that are not what they seem. */
export const MEMORY_BUGS: readonly Bug[] = [
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
    name: 'zero rows not written',
    fault: 'leaves what was in the output where a row is all zeros',
    caughtBy: /^forward\/isolation:check=special-rows/,
    planted: class extends PlainDriver {
      override forward(p: Problem, io: IO): void {
        if (this.load(io.x, p.dtype, countElements(p)).some((value) => value !== 0)) super.forward(p, io);
      }
    },
  },
  {
    name: 'zeros not written',
    fault: 'leaves what was in the output where an element of x is 0',
    caughtBy: /^forward\/(isolation|non-finite)/,
    planted: class extends PlainDriver {
      override forward(p: Problem, io: IO): void {
        const before = this.load(io.y, p.dtype, countElements(p));
        const x = this.load(io.x, p.dtype, countElements(p));
        super.forward(p, io);
        const y = this.load(io.y, p.dtype, countElements(p));
        this.store(
          io.y,
          p.dtype,
          y.map((value, i) => (x[i] === 0 ? before[i]! : value)),
        );
      }
    },
  },
  {
    name: 'stale output reused',
    fault: 'skips a launch on the same buffers as the launch before',
    caughtBy: /^(forward\/(isolation|class)|backend\/)/,
    planted: class extends PlainDriver {
      private last: { p: Problem; io: IO } | null = null;
      override forward(p: Problem, io: IO): void {
        const same = this.last !== null && sameLaunch(this.last.p, p) && sameLaunch(this.last.io, io);
        this.last = { p, io };
        if (!same) super.forward(p, io);
      }
    },
  },
  {
    name: 'stale gamma reused',
    fault: 'keeps the gamma of the first launch with as many features',
    caughtBy: /^(forward\/class|backend\/)/,
    planted: class extends PlainDriver {
      private readonly kept = new Map<number, Float32Array>();
      override normalize(p: Problem, operands: Operands): Float32Array {
        const features = p.groups * p.size;
        if (operands.gamma && !this.kept.has(features)) this.kept.set(features, operands.gamma);
        return super.normalize(p, { ...operands, gamma: operands.gamma && this.kept.get(features)! });
      }
    },
  },
  {
    name: 'in place reads what it wrote',
    fault: 'with y = x, scales the first feature of a row before it has summed the row',
    caughtBy: /^forward\/(class|invariance:out=in-place)/,
    planted: class extends PlainDriver {
      private inPlace = false;
      override forward(p: Problem, io: IO): void {
        this.inPlace = io.x === io.y;
        super.forward(p, io);
      }
      override normalizeRow(p: Problem, operands: Operands, row: Row, y: Float32Array): void {
        super.normalizeRow(p, operands, row, y);
        if (!this.inPlace) return;
        const x = operands.x.slice();
        x[row.start] = y[row.start]!;
        super.normalizeRow(p, { ...operands, x }, row, y);
      }
    },
  },
  {
    name: 'write keeps a reference',
    fault: "reads the caller's array at the first launch instead of copying it at once",
    caughtBy: /^backend\/tensor:check=copies/,
    planted: class extends PlainDriver {
      private readonly pending = new Map<Uint8Array, Uint8Array>();
      override write(block: Uint8Array, bytes: Uint8Array): void {
        this.pending.set(block, bytes);
      }
      override free(block: Uint8Array): void {
        this.pending.delete(block);
        super.free(block);
      }
      override view(block: Uint8Array): Uint8Array {
        this.settle();
        return block;
      }
      override async read(block: Uint8Array, into: Uint8Array): Promise<void> {
        this.settle();
        return super.read(block, into);
      }
      override forward(p: Problem, io: IO): void {
        this.settle();
        super.forward(p, io);
      }
      private settle(): void {
        for (const [block, bytes] of this.pending) block.set(bytes);
        this.pending.clear();
      }
    },
  },
  {
    name: 'writes overtake launches',
    fault: 'runs launches at the next read, writes at once',
    caughtBy: /^(forward\/isolation|backend\/)/,
    planted: class extends PlainDriver {
      private readonly queue: (() => void)[] = [];
      override forward(p: Problem, io: IO): void {
        this.queue.push(() => super.forward(p, io));
      }
      override view(block: Uint8Array): Uint8Array {
        this.flush();
        return block;
      }
      override async read(block: Uint8Array, into: Uint8Array): Promise<void> {
        this.flush();
        return super.read(block, into);
      }
      flush(): void {
        for (const launch of this.queue.splice(0)) launch();
      }
    },
  },
  {
    name: 'read does not wait',
    fault: 'reads before the launches that were enqueued have run',
    caughtBy: /^(forward\/values|backend\/)/,
    planted: class extends PlainDriver {
      override forward(p: Problem, io: IO): void {
        setTimeout(() => super.forward(p, io), 1);
      }
    },
  },
  {
    name: 'reads at once share a stage',
    fault: 'waits between copying into its one staging buffer and copying out of it',
    caughtBy: /^backend\/tensor:check=many-reads-at-once/,
    planted: class extends PlainDriver {
      private stage = new Uint8Array(0);
      override async read(block: Uint8Array, into: Uint8Array): Promise<void> {
        this.stage = block.slice();
        await null;
        into.set(this.stage.subarray(0, into.length));
      }
    },
  },
  {
    name: 'a block freed twice',
    fault: 'puts a freed block on the free list twice, so that two tensors share it',
    caughtBy: /^(backend|forward\/isolation)/,
    planted: class extends PlainDriver {
      override free(block: Uint8Array): void {
        super.free(block);
        if (this.adopted.has(block)) return;
        this.heap.live.add(block);
        super.free(block);
      }
    },
  },
  {
    name: 'nothing is ever freed',
    fault: 'keeps freed blocks, until its 64 MiB are full',
    caughtBy: /^backend/,
    planted: class extends PlainDriver {
      private used = 0;
      override alloc(bytes: number): Uint8Array {
        this.used += bytes;
        if (this.used > 64 * 2 ** 20) throw new RangeError(`out of memory: ${this.used} bytes`);
        return super.alloc(bytes);
      }
      override free(): void {}
    },
  },
  {
    name: 'view of a copy',
    fault: 'gives a copy of the memory, so that writing to it has no effect',
    caughtBy: /^backend\/tensor:check=view/,
    planted: class extends PlainDriver {
      override view(block: Uint8Array): Uint8Array {
        return block.slice();
      }
    },
  },
  {
    name: 'wrap copies',
    fault: 'copies the memory that it is to wrap',
    caughtBy: /^backend\/tensor:check=wrap/,
    planted: class extends PlainDriver {
      override adopt(handle: unknown, bytes: number): Uint8Array {
        const copy = super.adopt(handle, bytes).slice();
        this.adopted.add(copy);
        return copy;
      }
    },
  },
  {
    name: 'wrapped memory freed',
    fault: 'takes memory that it wrapped as its own when the tensor is disposed',
    caughtBy: /^backend\/tensor:check=wrap/,
    planted: class extends PlainDriver {
      override free(block: Uint8Array): void {
        this.heap.live.add(block);
        this.heap.free(block);
      }
    },
  },
  {
    name: 'wraps what is too small',
    fault: 'does not check the size of the memory that it wraps',
    caughtBy: /^backend\/tensor:check=wrap/,
    planted: class extends PlainDriver {
      override adopt(handle: unknown): Uint8Array {
        return super.adopt(handle, 0);
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

function sameLaunch<T extends object>(a: T, b: T): boolean {
  return (Object.keys(a) as (keyof T)[]).every((key) => a[key] === b[key]);
}
