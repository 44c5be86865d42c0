import type { Problem, Supports } from '@rmsnorm/core';
import { type GradientRow, type GradientSums, OperationsDriver } from '../operations-driver.ts';
import { EVERYTHING } from '../plain-driver.ts';
import { expectToPass } from './expect-to-pass.ts';

const { fround } = Math;

/** Sums over rows in float32 with Kahan's compensation, as a kernel without float64 would. */
class CompensatedDriver extends OperationsDriver {
  override readonly name: string = 'compensated';
  private lost = { dgamma: new Float32Array(0), dbeta: new Float32Array(0) };

  override startSums(p: Problem): GradientSums {
    const features = p.groups * p.size;
    this.lost = { dgamma: new Float32Array(features), dbeta: new Float32Array(features) };
    return super.startSums(p);
  }

  override accumulate(sums: GradientSums, feature: number, dy: number, normed: number, _row: GradientRow): void {
    this.add('dgamma', sums, feature, fround(dy * normed));
    this.add('dbeta', sums, feature, dy);
  }

  private add(what: 'dgamma' | 'dbeta', sums: GradientSums, feature: number, term: number): void {
    const corrected = fround(term - this.lost[what][feature]!);
    const sum = fround(sums[what][feature]! + corrected);
    this.lost[what][feature] = fround(fround(sum - sums[what][feature]!) - corrected);
    sums[what][feature] = sum;
  }
}

/** Off by an ulp in the root and by one in silu. */
class GpuDriver extends OperationsDriver {
  override readonly name: string = 'gpu';
  override readonly supports: Supports = { ...new OperationsDriver().supports, accuracy: 'webgpu' };

  override inverseRoot(p: Problem, sum: number, scale: number): number {
    return super.inverseRoot(p, sum, scale) * (1 + 2 ** -23);
  }

  override silu(z: number): number {
    return super.silu(z) * (1 + 2 ** -23);
  }
}

/** Right to 1e-6, with two operations, no option and no promise. */
class LooseDriver extends OperationsDriver {
  override readonly name: string = 'loose-operations';
  override readonly supports: Supports = {
    ...EVERYTHING,
    ops: ['forward', 'addForward', 'backward'],
    accuracy: 'loose',
    features: ['inner'],
    promises: [],
    limits: { backward: { features: [], dtypes: ['float32'] } },
  };

  override inverseRoot(p: Problem, sum: number, scale: number): number {
    return super.inverseRoot(p, sum, scale) * (1 + 1e-6);
  }
}

const OPERATIONS = /^(addForward|gatedForward|backward|sumSquares|scaleBy|forwardQuantized|supports)\//;
const isOfOperations = (id: string): boolean => OPERATIONS.test(id);

/** What is about bits, memory or refusals: there the size of an error plays no part. */
const BITS = /\/(invariance|isolation|errors|empty|both-sides|manifest):/;
const isBounded = (id: string): boolean => isOfOperations(id) && !BITS.test(id);

expectToPass('every operation in float32', () => new OperationsDriver(), isOfOperations);
expectToPass(
  'sums over rows in float32, compensated',
  () => new CompensatedDriver(),
  (id) => id.startsWith('backward/') && isBounded(id),
);
expectToPass("operations of class 'webgpu'", () => new GpuDriver(), isBounded);
expectToPass("two more operations, 'loose' and limited", () => new LooseDriver(), isOfOperations);
