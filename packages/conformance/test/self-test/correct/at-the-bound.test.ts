import type { Problem, Supports } from '@rmsnorm/core';
import { OperationsDriver } from '../operations-driver.ts';
import { expectToPass } from './expect-to-pass.ts';

const ULP = 2 ** -23;

/** The other neighbour where y / scale is beside a half, by arithmetic that does not tell it from one. */
class HalfDriver extends OperationsDriver {
  override readonly name: string = 'beside-halves';

  override nearest(value: number): number {
    const isBeside = Math.abs(Math.abs(value % 1) - 0.5) < 0.9e-4;
    return isBeside ? super.nearest(value + 2e-4 * Math.sign(value)) : super.nearest(value);
  }
}

/** As on WebGPU: y is off by some ulp, and the division that makes the scale by some more. */
class ScaleDriver extends OperationsDriver {
  override readonly name: string = 'divides-by-reciprocals';
  override readonly supports: Supports = { ...new OperationsDriver().supports, accuracy: 'webgpu' };

  override inverseRoot(p: Problem, sum: number, scale: number): number {
    return super.inverseRoot(p, sum, scale) * (1 + ULP);
  }

  override quantum(p: Problem & { readonly scale: number | null }, max: number): number {
    return super.quantum(p, max) * (p.scale === null && max !== 0 ? 1 + 2.5 * ULP : 1);
  }
}

/** Without the promise 'invariance': a row's last bits are others in every launch. */
class WaveringDriver extends OperationsDriver {
  override readonly name: string = 'wavering';
  override readonly supports: Supports = {
    ...new OperationsDriver().supports,
    promises: ['extremes', 'nonFinite', 'subnormals'],
  };
  private launches = 0;

  override inverseRoot(p: Problem, sum: number, scale: number): number {
    return super.inverseRoot(p, sum, scale) * (1 + (this.launches++ % 2) * 2 ** -24);
  }
}

expectToPass('the other neighbour of a half', () => new HalfDriver(), 'forwardQuantized/');
expectToPass("scales of class 'webgpu'", () => new ScaleDriver(), 'forwardQuantized/');
expectToPass('bits that change from launch to launch', () => new WaveringDriver(), 'addForward/');
