import type { Problem, Supports } from '@rmsnorm/core';
import { OperationsDriver } from '../operations-driver.ts';
import { expectToPass } from './expect-to-pass.ts';
import { isBounded } from './operation-cases.ts';

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

expectToPass("operations of class 'webgpu'", () => new GpuDriver(), isBounded);
