import { type Driver, type ForwardIO, type Problem, RMSNormError, type Supports } from '@rmsnorm/core';
import { floats } from '../plain-driver.ts';
import { expectToPass } from './expect-to-pass.ts';

/** The least that a driver can be: float32, features together, no option, no promise. */
class MinimalDriver implements Driver<Uint8Array> {
  readonly name = 'minimal';
  readonly device = 'thirty lines';
  readonly supports: Supports = { ops: ['forward'], dtypes: ['float32'], accuracy: 'ieee', features: [], promises: [] };

  alloc(bytes: number): Uint8Array {
    if (bytes > 2 ** 32) throw new RMSNormError('OUT_OF_MEMORY', `${bytes} bytes asked for, there are ${2 ** 32}`);
    return new Uint8Array(bytes);
  }

  free(): void {}

  write(block: Uint8Array, bytes: Uint8Array): void {
    block.set(bytes);
  }

  async read(block: Uint8Array, into: Uint8Array): Promise<void> {
    into.set(block.subarray(0, into.length));
  }

  forward({ outer, size, eps, alpha }: Problem, io: ForwardIO<Uint8Array>): void {
    const [x, y] = [floats(io.x, outer * size), floats(io.y, outer * size)];
    const gamma = io.gamma && floats(io.gamma, size);
    for (let first = 0; first < x.length; first += size) {
      let sum = 0;
      for (let i = 0; i < size; i++) sum += x[first + i]! ** 2;
      const r = alpha / Math.sqrt(sum / size + eps);
      for (let i = 0; i < size; i++) y[first + i] = x[first + i]! * r * (gamma ? gamma[i]! : 1);
    }
  }

  dispose(): void {}
}

expectToPass('forward in float32 with inner = 1 alone, no feature, no promise', () => new MinimalDriver());
