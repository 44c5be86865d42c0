import { type Problem, roundTo } from '@rmsnorm/core';
import { PlainDriver, type Statistic } from '../plain-driver.ts';
import { expectToPass } from './expect-to-pass.ts';

/** float64 from the first square to the last addition: holds the square of every float32 without rescaling. */
class Float64Driver extends PlainDriver {
  override readonly name: string = 'float64';

  override sumOfSquares(row: Float32Array, count: number): number {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += row[i]! ** 2;
    return sum;
  }

  override isExtreme(): boolean {
    return false;
  }

  override factor(r: number): number {
    return r;
  }

  override normed(p: Problem, x: number, { factor }: Statistic): number {
    const normed = x === 0 && Math.abs(factor) === Number.POSITIVE_INFINITY ? 0 : x * factor;
    return p.casting === 'llama' ? roundTo(p.dtype, normed) : normed;
  }

  override weight(p: Problem, gamma: Float32Array | null, feature: number): number {
    return gamma ? p.weightOffset + gamma[feature]! : 1;
  }

  override output(_p: Problem, normed: number, weight: number, beta: number | null): number {
    return normed * weight + (beta ?? 0);
  }
}

expectToPass('float64 throughout', () => new Float64Driver());
