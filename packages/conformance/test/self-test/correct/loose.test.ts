import type { Problem, Supports } from '@rmsnorm/core';
import { EVERYTHING, PlainDriver, type Statistic } from '../plain-driver.ts';
import { expectToPass } from './expect-to-pass.ts';

const { fround } = Math;

/** An engine that is not ours: right to 1e-6, overflows where squares do, promises nothing. */
class LooseDriver extends PlainDriver {
  override readonly name: string = 'loose';
  override readonly supports: Supports = { ...EVERYTHING, accuracy: 'loose', promises: [] };

  override statistic(p: Problem, row: Float32Array): Statistic {
    let sum = 0;
    for (let i = 0; i < p.statSize; i++) sum += row[i]! ** 2;
    const rstd = this.inverseRoot(p, sum, 1) * (1 + 1e-6);
    return { scale: 1, factor: fround(p.alpha * rstd), rstd };
  }
}

expectToPass('right to 1e-6, no promises', () => new LooseDriver());
