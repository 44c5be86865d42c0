import { listCases } from '@rmsnorm/conformance';
import { someOfEachFamily, whole } from '../../../../.ci/some-cases.ts';
import text from './cases.txt?raw';

// Compiling a shader takes SwiftShader 0.1 to 0.3 seconds, running it next to nothing, and the suite has thousands of
// them. The cases in cases.txt have a part of these, and all pairs of choices that a shader is made by; covering.whole.test.ts
// says when they no longer do, and writes the list.

const covering: ReadonlySet<string> = new Set(text.split('\n').filter(Boolean));
const ids = listCases().map(({ id }) => id);
const some = someOfEachFamily(ids, 2);

/** A case of random shapes, which has dozens of shaders compiled that no other case uses. */
export function isRandom(id: string): boolean {
  return id.includes('/properties:fuzz=');
}

/** Whether a case runs on every change: one that covers a shader, or one of the first two of its family. */
export function isCovering(id: string): boolean {
  return covering.has(id) || (some.has(id) && !isRandom(id));
}

/** Whether a case is part of this run: all are where RMSNORM_WHOLE is set. */
export function isInThisRun(id: string): boolean {
  return whole || isCovering(id);
}

/** Ids in cases.txt that the suite does not have. */
export const unknown: readonly string[] = [...covering].filter((id) => !ids.includes(id));
