import type { Backend } from '@rmsnorm/core';
import type { Case, Subject } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { check } from '../../case/failure.ts';
import type { ForwardSpec } from '../../operations/forward-spec.ts';

/** A small forward, to see that a backend works. */
export const SPEC: ForwardSpec = { shape: [5, 33], options: { dim: 33, axis: -1 } };
export const OPTIONS = { dim: 33, axis: -1 } as const;

export function lifecycle(name: string, run: (subject: Subject) => Promise<void>): Case {
  return { id: caseId('backend/lifecycle', { of: name }), requires: { op: 'forward', dtypes: ['float32'] }, run };
}

/** The case that `run` leaves nothing behind. */
export function leak(name: string, run: (backend: Backend) => Promise<void>): Case {
  return {
    id: caseId('backend/leaks', { of: name }),
    requires: { op: 'forward', dtypes: ['float32'] },
    run: ({ backend }) => unleaked(backend, run),
  };
}

export async function unleaked(backend: Backend, run: (backend: Backend) => Promise<void>): Promise<void> {
  const before = backend.memory();
  await run(backend);
  checkMemory(backend, before, 'after everything was disposed');
}

export function checkMemory(backend: Backend, before: ReturnType<Backend['memory']>, when: string): void {
  const after = backend.memory();
  check(
    after.tensors === before.tensors && after.bytes === before.bytes,
    () => `memory() is ${JSON.stringify(after)} ${when}, it was ${JSON.stringify(before)}`,
  );
}
