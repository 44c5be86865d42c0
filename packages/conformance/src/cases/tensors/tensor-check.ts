import { FLOAT_DTYPES, type FloatDType } from '@rmsnorm/core';
import type { Case, Subject } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';

/** What is checked of tensors of one dtype. */
export type TensorCheck = (subject: Subject, dtype: FloatDType) => Promise<void>;

/** Each check in each dtype. */
export function tensorCheckCases(checks: Readonly<Record<string, TensorCheck>>): Case[] {
  return Object.entries(checks).flatMap(([name, run]) =>
    FLOAT_DTYPES.map((dtype) => ({
      id: caseId('backend/tensor', { check: name, dtype }),
      requires: { op: 'forward', dtypes: [dtype] },
      run: (subject) => run(subject, dtype),
    })),
  );
}
