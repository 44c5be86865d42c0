import { type Backend, RMSNorm, rmsNorm, type Tensor } from '@rmsnorm/core';
import type { Case, Subject } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { check } from '../../case/failure.ts';
import { expectRefusal, expectThrow } from '../../case/refusal.ts';
import { read, withTensors } from '../../case/tensors.ts';
import { compareForward } from '../../expected/compare-forward.ts';
import { rowsShape } from '../../expected/normalization.ts';
import { forward, toleranceFor, verifyForward } from '../../operations/forward.ts';
import { type ForwardSpec, inputsOf } from '../../operations/forward-spec.ts';

const SPEC: ForwardSpec = { shape: [5, 33], options: { dim: 33, axis: -1 } };
const OPTIONS = { dim: 33, axis: -1 } as const;

const tensors: Case[] = [
  lifecycle('tensor-disposed-twice', async (subject) => {
    const { backend } = subject;
    const before = backend.memory();
    const tensor = backend.tensor([1, 2, 3], [3]);
    tensor.dispose();
    tensor.dispose();
    checkMemory(backend, before, 'after a tensor was disposed twice');
    await verifyForward(subject, inputsOf(SPEC, subject.random));
  }),
  lifecycle('tensor-used-after-dispose', async ({ backend }) => {
    const tensor = backend.tensor([1, 2, 3], [3]);
    tensor.dispose();
    await expectRefusal('DISPOSED', 'data() after dispose()', () => tensor.data());
    if (tensor.view) expectThrow('DISPOSED', 'view() after dispose()', () => tensor.view!());
    expectThrow('DISPOSED', 'forward after dispose()', () => rmsNorm(tensor, { dim: 3, axis: -1 }));
  }),
  lifecycle('tensor-symbol-dispose', async ({ backend }) => {
    const symbol = (Symbol as { dispose?: symbol }).dispose;
    const tensor = backend.tensor([1, 2, 3], [3]);
    const before = backend.memory().tensors;
    if (symbol) (tensor as unknown as Record<symbol, () => void>)[symbol]!();
    else tensor.dispose();
    check(backend.memory().tensors === before - 1, 'using a tensor (Symbol.dispose) does not free it');
  }),
  lifecycle('read-before-dispose', async ({ backend }) => {
    const tensor = backend.tensor([1, 2, 3], [3]);
    const data = tensor.data();
    tensor.dispose();
    const noise = backend.tensor([7, 7, 7], [3]);
    const got = await data.finally(() => noise.dispose());
    check(
      String(got) === '1,2,3',
      () => `data() asked for before dispose() gave ${got}: keep a buffer until enqueued work has run`,
    );
  }),
];

const backends: Case[] = [
  lifecycle('backend-disposed', async ({ provider }) => {
    const backend = await provider.create();
    const x = backend.tensor(new Float32Array(33).fill(2), [1, 33]);
    const norm = new RMSNorm(OPTIONS);
    norm.forward(x);
    await backend.dispose();
    await backend.dispose();
    expectThrow('DISPOSED', 'tensor() of a disposed backend', () => backend.tensor([1], [1]));
    expectThrow('DISPOSED', 'empty() of a disposed backend', () => backend.empty([1]));
    expectThrow('DISPOSED', 'forward on a disposed backend', () => norm.forward(x));
    expectThrow('DISPOSED', 'rmsNorm on a disposed backend', () => rmsNorm(x, OPTIONS));
    await expectRefusal('DISPOSED', 'data() on a disposed backend', () => x.data());
    const host = { dtype: 'float32' as const, shape: [1, 33], data: new Float32Array(33) };
    await expectRefusal('DISPOSED', 'apply on a disposed backend', () => norm.apply(host, backend));
    x.dispose();
    norm.dispose();
  }),
  lifecycle('backends-apart', async (subject) => {
    const first = await subject.provider.create();
    const second = await subject.provider.create();
    try {
      const inputs = inputsOf(SPEC, subject.random);
      const before = second.memory();
      const held = first.tensor([1], [1]);
      checkMemory(second, before, 'after another backend allocated');
      await verifyForward({ ...subject, backend: first }, inputs);
      held.dispose();
      await first.dispose();
      await verifyForward({ ...subject, backend: second }, inputs);
    } finally {
      await first.dispose();
      await second.dispose();
    }
  }),
  lifecycle('norm-on-two-backends', async (subject) => {
    const other = await subject.provider.create();
    const norm = new RMSNorm(OPTIONS);
    try {
      const inputs = inputsOf(SPEC, subject.random);
      norm.gamma = { dtype: 'float32', shape: [33], data: inputs.gamma! };
      for (const backend of [subject.backend, other, subject.backend]) {
        await withTensors(backend, async (made) => {
          const y = made.keep(norm.forward(made.of(inputs.x, inputs.shape)));
          compareForward((await read(y)).values, {
            operands: inputs.operands,
            shape: inputs.shape,
            tolerance: toleranceFor(subject, inputs),
            lookAt: 'gamma is uploaded once for each backend',
          });
        });
      }
    } finally {
      norm.dispose();
      await other.dispose();
    }
  }),
  lifecycle('many-backends', async (subject) => {
    for (let i = 0; i < 3; i++) {
      const backend = await subject.provider.create();
      try {
        await verifyForward({ ...subject, backend }, inputsOf(SPEC, subject.random));
      } finally {
        await backend.dispose();
      }
    }
  }),
  lifecycle('backend-symbol-dispose', async ({ provider }) => {
    const symbol = (Symbol as { asyncDispose?: symbol }).asyncDispose;
    const backend = await provider.create();
    if (symbol) await (backend as unknown as Record<symbol, () => Promise<void>>)[symbol]!();
    else await backend.dispose();
    expectThrow('DISPOSED', 'tensor() after Symbol.asyncDispose', () => backend.tensor([1], [1]));
  }),
];

const norms: Case[] = [
  lifecycle('norm-disposed', async ({ backend }) => {
    const norm = new RMSNorm(OPTIONS);
    await withTensors(backend, async (made) => {
      const x = made.filled(2, [1, 33], 'float32');
      made.keep(norm.forward(x));
      norm.dispose();
      norm.dispose();
      expectThrow('DISPOSED', 'forward of a disposed norm', () => norm.forward(x));
      const host = { dtype: 'float32' as const, shape: [1, 33], data: new Float32Array(33) };
      await expectRefusal('DISPOSED', 'apply of a disposed norm', () => norm.apply(host, backend));
    });
  }),
];

/** `memory()` counts what is alive, and returns to what it was. */
const leaks: Case[] = [
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

const requests: Case[] = [
  lifecycle('forward-after-flush', async (subject) => {
    const inputs = inputsOf(SPEC, subject.random);
    await withTensors(subject.backend, async (made) => {
      const y = made.keep(rmsNorm(made.of(inputs.x, inputs.shape), { ...OPTIONS, gamma: made.float32(inputs.gamma!) }));
      subject.backend.flush();
      subject.backend.flush();
      compareForward((await read(y)).values, {
        operands: inputs.operands,
        shape: inputs.shape,
        tolerance: toleranceFor(subject, inputs),
      });
    });
  }),
  lifecycle('forwards-at-once', async (subject) => {
    const { accuracy } = subject.backend.supports;
    const inputs = Array.from({ length: 16 }, () => inputsOf(SPEC, subject.random));
    const results = await Promise.all(inputs.map((entry) => forward(subject, entry)));
    for (const [i, { values }] of results.entries()) {
      const entry = inputs[i]!;
      compareForward(values, {
        operands: entry.operands,
        shape: entry.shape,
        tolerance: toleranceFor(subject, entry),
        what: `y ${i} of 16 forwards enqueued at once (${accuracy})`,
      });
    }
  }),
];

export const lifecycleCases: readonly Case[] = [...tensors, ...backends, ...norms, ...leaks, ...requests];

function lifecycle(name: string, run: (subject: Subject) => Promise<void>): Case {
  return { id: caseId('backend/lifecycle', { of: name }), requires: { op: 'forward', dtypes: ['float32'] }, run };
}

function leak(name: string, run: (backend: Backend) => Promise<void>): Case {
  return {
    id: caseId('backend/leaks', { of: name }),
    requires: { op: 'forward', dtypes: ['float32'] },
    run: ({ backend }) => unleaked(backend, run),
  };
}

async function unleaked(backend: Backend, run: (backend: Backend) => Promise<void>): Promise<void> {
  const before = backend.memory();
  await run(backend);
  checkMemory(backend, before, 'after everything was disposed');
}

function checkMemory(backend: Backend, before: ReturnType<Backend['memory']>, when: string): void {
  const after = backend.memory();
  check(
    after.tensors === before.tensors && after.bytes === before.bytes,
    () => `memory() is ${JSON.stringify(after)} ${when}, it was ${JSON.stringify(before)}`,
  );
}
