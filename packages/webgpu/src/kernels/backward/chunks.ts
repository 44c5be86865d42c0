/** Workgroups that keep a device busy. */
const BUSY = 512;

/** Part of a sum is worth a workgroup from so many terms for each invocation on. */
const TERMS = 32;

/** Into how many chunks the terms of a sum are split, each with `invocations` to add them up; `sums` is how many workgroups there are without. */
export function chunksOfTerms(terms: number, invocations: number, sums: number): number {
  return Math.max(1, Math.min(Math.ceil(terms / (invocations * TERMS)), Math.ceil(BUSY / sums)));
}
