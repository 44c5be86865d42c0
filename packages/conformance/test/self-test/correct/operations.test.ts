import type { Problem, Supports } from '@rmsnorm/core';
import { OperationsDriver } from '../operations-driver.ts';
import { EVERYTHING } from '../plain-driver.ts';
import { expectToPass } from './expect-to-pass.ts';
import { isOfOperations } from './operation-cases.ts';

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

expectToPass('every operation in float32', () => new OperationsDriver(), isOfOperations);
expectToPass("two more operations, 'loose' and limited", () => new LooseDriver(), isOfOperations);
