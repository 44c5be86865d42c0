import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take longest, those that take most first. What is not named takes seconds. */
const LONGEST = [
  /webgpu\/test\/conformance-llvmpipe/,
  /webgpu\/test\/conformance/,
  /\/conformance[^/]*\.test\.ts$/,
  /conformance\/test\/(reference|self-test)/,
  /webgpu\/test\/kernels/,
  /webgpu\/test/,
];

/** Begins with the longest files, so that no worker starts one when the others are done. Vitest itself goes by their size. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification): number => {
      const index = LONGEST.findIndex((pattern) => pattern.test(moduleId));
      return index < 0 ? LONGEST.length : index;
    };
    return sorted.sort((a, b) => rank(a) - rank(b));
  }
}
