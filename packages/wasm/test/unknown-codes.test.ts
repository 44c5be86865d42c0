import { describe, expect, test } from 'vitest';
import { Descriptor } from '../src/descriptor.ts';
import { CASTING, DTYPE, EPS_MODE, OP, WORD } from '../src/generated/descriptor/index.ts';
import { HEAP_BASE, MODULE_BYTES } from '../src/kernels.ts';
import { instantiate, memory, problemOf } from './forward-in-memory.ts';

// A value that only the host knows must not be taken for another: it traps.
describe('a code that the kernels do not know', () => {
  const problem = problemOf({ size: 4 });

  test.each([
    ['dtype', DTYPE],
    ['epsMode', EPS_MODE],
    ['casting', CASTING],
  ] as const)('%s', async (field, codes) => {
    const { complete } = await instantiate(memory);
    const descriptor = new Descriptor(memory, MODULE_BYTES);
    for (const code of Object.values(codes)) {
      descriptor.describe(OP.forward, problem, problem);
      descriptor.words[WORD[field]] = code;
      expect(() => complete(MODULE_BYTES)).not.toThrow();
    }
    for (const code of [0, Object.keys(codes).length + 1]) {
      descriptor.words[WORD[field]] = code;
      expect(() => complete(MODULE_BYTES)).toThrow(WebAssembly.RuntimeError);
    }
  });

  test('op', async () => {
    const { complete, run } = await instantiate(memory);
    const descriptor = new Descriptor(memory, MODULE_BYTES);
    for (const code of [0, Object.keys(OP).length + 1]) {
      descriptor.describe(OP.forward, problem, problem);
      descriptor.words[WORD.op] = code;
      complete(MODULE_BYTES);
      expect(() => run(MODULE_BYTES, HEAP_BASE)).toThrow(WebAssembly.RuntimeError);
    }
  });
});
