import { expect, test } from 'vitest';
import { compileInlined } from '../../src/compile.ts';
import { instantiate } from '../../src/instantiate.ts';
import { DTYPE_CODE, OP_CODE } from '../../src/kernels.ts';
import type { Control } from '../../src/threads/control.ts';
import type { CuttableKernels } from '../../src/threads/cuttable-kernels.ts';
import { withSharedMemory } from '../../src/threads/shared-module.ts';
import { ThreadedKernels } from '../../src/threads/threaded-kernels.ts';

const compiled = await compileInlined(withSharedMemory);
if (!('module' in compiled)) throw new Error(compiled.reason);
const memory = new WebAssembly.Memory({ initial: 16, maximum: 65536, shared: true });
const one = (await instantiate(compiled.module, memory)) as CuttableKernels;
// Nothing is run.
const threaded = new ThreadedKernels(one, {} as Control, [], true);

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
  for (const [name, op] of Object.entries(OP_CODE)) {
    // It is never cut between groups.
    if (name === 'forwardQuantized') continue;
    for (const dtype of Object.values(DTYPE_CODE)) {
      for (const weightOffset of [0, 1]) {
        const reserved = threaded.operationBytes(op, dtype, groups, size, 1, weightOffset);
        let needed = 0;
        for (let some = 1; some <= groups; some += some < 100 ? 1 : step) {
          needed = Math.max(needed, one.operationBytes(op, dtype, some, size, 1, weightOffset));
        }
        expect(reserved, `${name}, dtype ${dtype}, weightOffset ${weightOffset}`).toBeGreaterThanOrEqual(needed);
      }
    }
  }
});
