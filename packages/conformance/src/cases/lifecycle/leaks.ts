import { RMSNorm, rmsNorm, type Tensor } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { check } from '../../case/failure.ts';
import { expectThrow } from '../../case/refusal.ts';
import { withTensors } from '../../case/tensors.ts';
import { rowsShape } from '../../expected/normalization.ts';
import { inputsOf } from '../../operations/forward-spec.ts';
import { checkMemory, leak, OPTIONS, SPEC, unleaked } from './lifecycle-case.ts';

/** `memory()` counts what is alive, and returns to what it was. */
export const leakCases: readonly Case[] = [
  leak('tensors', async (backend) => {
    const before = backend.memory();
    const tensor = backend.tensor(new Float32Array(1000), [1000]);
    const between = backend.memory();
    check(
      between.tensors === before.tensors + 1,
      () => `a tensor counts as ${between.tensors - before.tensors} in memory().tensors`,
    );
    check(
      between.bytes - before.bytes >= 4000,
      () => `4000 bytes count as ${between.bytes - before.bytes} in memory().bytes`,
    );
    tensor.dispose();
  }),
  leak('forward', async (backend) => {
    await withTensors(backend, async (made) => {
      const x = made.filled(2, [5, 33], 'float32');
      for (let i = 0; i < 50; i++) rmsNorm(x, OPTIONS).dispose();
    });
  }),
  leak('forward-out', async (backend) => {
    await withTensors(backend, async (made) => {
      const x = made.filled(2, [5, 33], 'float32');
      const out = made.empty([5, 33]);
      const norm = new RMSNorm({ ...OPTIONS, affine: false });
      const before = backend.memory();
      for (let i = 0; i < 50; i++) norm.forward(x, out);
      await out.data();
      checkMemory(backend, before, 'after 50 calls of forward with out');
    });
  }),
  leak('norm', async (backend) => {
    await withTensors(backend, async (made) => {
      const x = made.filled(2, [5, 33], 'float32');
      const norm = new RMSNorm(OPTIONS);
      made.keep(norm.forward(x));
      const uploaded = backend.memory();
      for (let i = 0; i < 20; i++) {
        norm.update();
        made.keep(norm.forward(x)).dispose();
      }
      checkMemory(backend, uploaded, 'after 20 calls of update(): free what was uploaded before');
      norm.dispose();
    });
  }),
  leak('apply', async (backend) => {
    const norm = new RMSNorm(OPTIONS);
    const host = { dtype: 'float32' as const, shape: [64, 33], data: new Float32Array(64 * 33).fill(2) };
    for (let i = 0; i < 20; i++) await norm.apply(host, backend);
    norm.dispose();
  }),
  leak('data', async (backend) => {
    await withTensors(backend, async (made) => {
      const x = made.filled(2, [5, 33], 'float32');
      for (let i = 0; i < 20; i++) await x.data();
    });
  }),
  leak('errors', async (backend) => {
    await withTensors(backend, async (made) => {
      const x = made.filled(2, [5, 33], 'float32');
      for (let i = 0; i < 20; i++) {
        expectThrow('SHAPE', 'dim 7', () => rmsNorm(x, { dim: 7, axis: -1 }));
        expectThrow('SHAPE', 'wrong length', () => backend.tensor([1, 2, 3], [2]));
      }
    });
  }),
  {
    ...leak('rstd', async () => {}),
    requires: { op: 'forward', dtypes: ['float32'], features: ['rstd'] },
    run: (subject) =>
      unleaked(subject.backend, async (backend) => {
        const inputs = inputsOf({ ...SPEC, rstd: true }, subject.random);
        await withTensors(backend, async (made) => {
          const x = made.of(inputs.x, inputs.shape);
          for (let i = 0; i < 20; i++) {
            const rstd = backend.empty(rowsShape(inputs.operands.normalization));
            rmsNorm(x, { ...OPTIONS, rstd }).dispose();
            rstd.dispose();
          }
        });
      }),
  },
  leak('memory-is-reused', async (backend) => {
    // 4.8 GB, one block at a time: what is freed must be there for the next.
    const blocks = 100;
    for (let i = 0; i < blocks; i++) {
      let block: Tensor;
      try {
        block = backend.empty([12 * 2 ** 20]);
      } catch (error) {
        throw new Error(`block ${i} of ${blocks}, each of 48 MB and freed before the next, was refused`, {
          cause: error,
        });
      }
      block.dispose();
    }
  }),
  leak('memory-does-not-grow', async (backend) => {
    const round = async (): Promise<number> => {
      const made: Tensor[] = [];
      for (let i = 0; i < 40; i++) {
        const x = backend.empty([1 + ((i * 37) % 11), 33 * (1 + (i % 7))]);
        made.push(x);
        if (i % 3 === 2) made.splice((i * 7) % made.length, 1)[0]!.dispose();
      }
      const last = made.at(-1)!;
      const { byteLength } = last.view ? last.view().buffer : { byteLength: 0 };
      for (const tensor of made) tensor.dispose();
      return byteLength;
    };
    for (let i = 0; i < 5; i++) await round();
    const warm = await round();
    for (let i = 0; i < 100; i++) await round();
    const later = await round();
    check(
      later <= warm,
      () => `the memory behind view() grew from ${warm} to ${later} bytes over rounds of the same allocations`,
    );
  }),
];
