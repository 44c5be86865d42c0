import { PlainDriver } from '../plain-driver.ts';
import { expectToPass } from './expect-to-pass.ts';

/** Sums from the last feature to the first. */
class ReversedDriver extends PlainDriver {
  override readonly name: string = 'reversed';

  override sumOfSquares(row: Float32Array, count: number, scale: number): number {
    return super.sumOfSquares(row.slice(0, count).reverse(), count, scale);
  }
}

expectToPass('sums from the last feature to the first', () => new ReversedDriver());
