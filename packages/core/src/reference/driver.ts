import type { Driver, ForwardIO, Supports } from '../driver.ts';
import { bytesPerElement, FLOAT_DTYPES, type FloatDType } from '../dtype.ts';
import { decode, encode, roundTo } from '../encoding.ts';
import { RMSNormError } from '../errors.ts';
import { bytesOf } from '../host-tensor.ts';
import type { Problem } from '../problem.ts';
import { FEATURES, GUARANTEES } from '../supports.ts';
import { forwardRows } from './forward.ts';

const SUPPORTS: Supports = {
  ops: ['forward'],
  dtypes: FLOAT_DTYPES,
  accuracy: 'ieee',
  features: FEATURES,
  promises: GUARANTEES,
};

/** Buffers are plain bytes on the host: the clearest driver there can be. */
export class ReferenceDriver implements Driver<Uint8Array> {
  readonly name = 'reference';
  readonly device = 'JavaScript, float64';
  readonly supports: Supports = SUPPORTS;

  alloc(bytes: number): Uint8Array {
    try {
      return new Uint8Array(bytes);
    } catch (cause) {
      throw new RMSNormError('OUT_OF_MEMORY', `this engine has no array of ${bytes} bytes: use smaller tensors`, {
        cause,
      });
    }
  }

  free(_buffer: Uint8Array): void {
    // The garbage collector's.
  }

  write(buffer: Uint8Array, bytes: Uint8Array): void {
    buffer.set(bytes);
  }

  async read(buffer: Uint8Array, into: Uint8Array): Promise<void> {
    into.set(buffer.subarray(0, into.length));
  }

  view(buffer: Uint8Array): Uint8Array {
    return buffer;
  }

  adopt(handle: unknown, bytes: number): Uint8Array {
    if (!ArrayBuffer.isView(handle)) {
      throw new RMSNormError('FOREIGN_TENSOR', `the reference wraps typed arrays, got ${typeof handle}`);
    }
    if (handle.byteLength < bytes) {
      throw new RMSNormError('SHAPE', `the array has ${handle.byteLength} bytes, the tensor needs ${bytes}`);
    }
    if (handle.byteOffset % 4 !== 0) {
      throw new RMSNormError('ALIGNMENT', `the array starts at byte ${handle.byteOffset}: it must be a multiple of 4`);
    }
    return new Uint8Array(handle.buffer, handle.byteOffset, handle.byteLength);
  }

  forward(p: Problem, { x, gamma, beta, y, rstd }: ForwardIO<Uint8Array>): void {
    const count = p.outer * p.groups * p.size * p.inner;
    const features = p.groups * p.size;
    const values = {
      x: numbers(x, p.dtype, count),
      gamma: gamma && numbers(gamma, 'float32', features),
      beta: beta && numbers(beta, 'float32', features),
    };
    const results = new Float64Array(count);
    const statistics = new Float64Array(p.outer * p.groups * p.inner);
    forwardRows(
      p,
      values,
      (value) => roundTo(p.dtype, value),
      (index, value) => {
        results[index] = value;
      },
      (row, value) => {
        statistics[row] = value;
      },
    );
    store(y, results, p.dtype);
    if (rstd) store(rstd, statistics, 'float32');
  }

  dispose(): void {
    // Nothing is held.
  }
}

function numbers({ buffer, byteOffset }: Uint8Array, dtype: FloatDType, count: number): Float64Array {
  const data =
    bytesPerElement(dtype) === 4
      ? new Float32Array(buffer, byteOffset, count)
      : new Uint16Array(buffer, byteOffset, count);
  return Float64Array.from(decode(data, dtype));
}

function store(buffer: Uint8Array, values: Float64Array, dtype: FloatDType): void {
  buffer.set(bytesOf(encode(values, dtype)));
}
