import { type Backend, type FloatDType, isRMSNormError, type Tensor } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { check, describeError } from '../../case/failure.ts';
import { dtypesOf } from '../../case/supported.ts';
import { type Tensors, withTensors } from '../../case/tensors.ts';
import { wrapMemoryOf } from '../../case/wrapping.ts';

/** What no backend has for a handle. Numbers are left out: an address is one. */
const NO_HANDLES: readonly unknown[] = [null, undefined, 'memory', {}, [1, 2, 3, 4], () => {}];

/** `wrap` checks what kind of a thing it is given, before a kernel meets it. */
const noHandle = handleCase('wrap-of-no-handle', async (backend, tensors, { owner, dtype }) => {
  for (const handle of NO_HANDLES) {
    const what = `wrap(${handle === null ? 'null' : typeof handle})`;
    try {
      tensors.keep(backend.wrap(handle, [1], dtype));
    } catch (error) {
      check(isRMSNormError(error), () => `${what} must throw an RMSNormError, but ${describeError(error)}`);
      continue;
    }
    check(false, `${what} of ${owner.dtype} went through: adopt() checks the kind of the handle`);
  }
});

/** An empty tensor has a handle, and can lie over memory, as any other. */
const empty = handleCase('wrap-empty', async (backend, tensors, { owner, dtype }) => {
  for (const wrapped of [owner, tensors.empty([0, 3], dtype)]) {
    const none = tensors.keep(wrapMemoryOf(wrapped, [0, 3], dtype, backend));
    check((await none.data()).length === 0, 'data() of a wrapped tensor of no elements must be empty');
    check((none.view?.().length ?? 0) === 0, 'view() of a wrapped tensor of no elements must be empty');
  }
});

export const handleCases: readonly Case[] = [noHandle, empty];

type HandleCheck = (
  backend: Backend,
  tensors: Tensors,
  made: { readonly owner: Tensor; readonly dtype: FloatDType },
) => Promise<void>;

/** For backends that wrap memory, in a dtype that they take. */
function handleCase(name: string, verify: HandleCheck): Case {
  return {
    id: caseId('backend/tensor', { check: name }),
    requires: {},
    run: ({ backend }) =>
      withTensors(backend, async (tensors) => {
        const dtype = dtypesOf(backend.supports, backend.supports.ops[0]!)[0]!;
        const owner = tensors.filled(1, [4], dtype);
        tensors.keep(wrapMemoryOf(owner, [4], dtype, backend));
        await verify(backend, tensors, { owner, dtype });
      }),
  };
}
