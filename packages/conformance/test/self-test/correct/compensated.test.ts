import type { Problem } from '@rmsnorm/core';
import { type GradientRow, type GradientSums, OperationsDriver } from '../operations-driver.ts';
import { expectToPass } from './expect-to-pass.ts';
import { isBounded } from './operation-cases.ts';

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

expectToPass(
  'sums over rows in float32, compensated',
  () => new CompensatedDriver(),
  (id) => id.startsWith('backward/') && isBounded(id),
);
