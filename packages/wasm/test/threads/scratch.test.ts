import { expect, test } from 'vitest';
import { compileInlined } from '../../src/compile.ts';
import { Descriptor } from '../../src/descriptor.ts';
import { DTYPE, OP, OPS, WORD } from '../../src/generated/descriptor/index.ts';
import { instantiate } from '../../src/instantiate.ts';
import { HEAP_BASE, MODULE_BYTES } from '../../src/kernels.ts';
import { withSharedMemory } from '../../src/threads/shared-module.ts';
import { ThreadedKernels } from '../../src/threads/threaded-kernels.ts';

const compiled = await compileInlined(withSharedMemory);
if (!('module' in compiled)) throw new Error(compiled.reason);
const memory = new WebAssembly.Memory({ initial: 16, maximum: 65536, shared: true });
const one = await instantiate(compiled.module, memory);
// Nothing is run.
const threaded = new ThreadedKernels(one, {
  control: new Int32Array(),
  memory,
  chunks: HEAP_BASE,
  scratches: [],
  maySleep: true,
});
const descriptor = new Descriptor(memory, MODULE_BYTES);

// Weights of few groups are in memory at once, those of more are not: a part may need more memory than the whole.
test.each([
  [1, 70_000],
  [17, 4096],
  [64, 1025],
  [1000, 66],
  [4096, 17],
  [16_384, 12],
])('of rows of %i features in %i groups no part needs more scratch memory than is reserved', (size, groups) => {
  const step = Math.max(1, Math.floor(groups / 2000));
  for (const op of OPS) {
    // It is never cut between groups.
    if (op === 'forwardQuantized') continue;
    for (const dtype of Object.keys(DTYPE) as (keyof typeof DTYPE)[]) {
      for (const weightOffset of [0, 1]) {
        const options = { statSize: size, eps: 0, epsMode: 'add', alpha: 1, weightOffset, casting: 'gemma' } as const;
        const problem = { outer: 1, groups, size, inner: 1, dtype, ...options };
        descriptor.describe(OP[op], problem, problem);
        const reserved = threaded.complete(descriptor.address);
        let needed = 0;
        for (let some = 1; some <= groups; some += some < 100 ? 1 : step) {
          descriptor.words[WORD.groups] = some;
          needed = Math.max(needed, one.complete(descriptor.address));
        }
        expect(reserved, `${op}, ${dtype}, weightOffset ${weightOffset}`).toBeGreaterThanOrEqual(needed);
      }
    }
  }
});
