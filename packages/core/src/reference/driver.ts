import type {
  AddForwardIO,
  BackwardIO,
  Driver,
  ForwardIO,
  ForwardQuantizedIO,
  GatedForwardIO,
  ScaleByIO,
  SumSquaresIO,
  Supports,
} from '../driver.ts';
import { bytesPerElement, FLOAT_DTYPES, type FloatDType } from '../dtype.ts';
import { decode, encode, roundTo } from '../encoding.ts';
import { RMSNormError } from '../errors.ts';
import { bytesOf } from '../host-tensor.ts';
import type { Problem } from '../problem.ts';
import { FEATURES, GUARANTEES, OPS } from '../supports.ts';
import { backward } from './backward.ts';
import { forward } from './forward.ts';
import { gated } from './gate.ts';
import { quantize } from './quantize.ts';
import { type Round, rowsOf, sumOfSquares, type WeightValues } from './rows.ts';

const SUPPORTS: Supports = {
  ops: OPS,
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

  forward(p: Problem, io: ForwardIO<Uint8Array>): void {
    const { y, rstd } = forward(p, elements(p, io.x), weights(p, io), rounding(p));
    store(io.y, y, p.dtype);
    if (io.rstd) store(io.rstd, rstd, 'float32');
  }

  addForward(p: Problem, io: AddForwardIO<Uint8Array>): void {
    const residual = elements(p, io.residual);
    const sum = elements(p, io.x).map((value, i) => roundTo(p.dtype, value + residual[i]!));
    const { y, rstd } = forward(p, sum, weights(p, io), rounding(p));
    store(io.sum, sum, p.dtype);
    store(io.y, y, p.dtype);
    if (io.rstd) store(io.rstd, rstd, 'float32');
  }

  gatedForward(p: Problem & { readonly normBeforeGate: boolean }, io: GatedForwardIO<Uint8Array>): void {
    const x = elements(p, io.x);
    const gate = elements(p, io.gate);
    const { y, rstd } = forward(p, p.normBeforeGate ? x : gated(x, gate), weights(p, io), rounding(p));
    store(io.y, p.normBeforeGate ? gated(y, gate) : y, p.dtype);
    if (io.rstd) store(io.rstd, rstd, 'float32');
  }

  backward(p: Problem, io: BackwardIO<Uint8Array>): void {
    const { dx, dgamma, dbeta } = backward(p, {
      x: elements(p, io.x),
      dy: elements(p, io.dy),
      gamma: io.gamma && numbers(io.gamma, 'float32', p.groups * p.size),
      rstd: io.rstd && numbers(io.rstd, 'float32', p.outer * p.groups * p.inner),
      dsum: io.dsum && elements(p, io.dsum),
    });
    store(io.dx, dx, p.dtype);
    if (io.dgamma) store(io.dgamma, dgamma, 'float32');
    if (io.dbeta) store(io.dbeta, dbeta, 'float32');
  }

  sumSquares(p: Problem, { x, sums }: SumSquaresIO<Uint8Array>): void {
    const values = elements(p, x);
    store(
      sums,
      Float64Array.from(rowsOf(p), (row) => sumOfSquares(p, values, row)),
      'float32',
    );
  }

  scaleBy(p: Problem & { readonly count: number }, io: ScaleByIO<Uint8Array>): void {
    const sums = numbers(io.sums, 'float32', p.outer * p.groups * p.inner);
    const { y } = forward(p, elements(p, io.x), weights(p, io), rounding(p), { sums, count: p.count });
    store(io.y, y, p.dtype);
  }

  forwardQuantized(p: Problem & { readonly scale: number | null }, io: ForwardQuantizedIO<Uint8Array>): void {
    const { y } = forward(p, elements(p, io.x), weights(p, io), rounding(p));
    const { q, scales } = quantize(p, Float32Array.from(y), p.scale);
    io.q.set(bytesOf(q));
    io.scales.set(bytesOf(scales));
  }

  dispose(): void {
    // Nothing is held.
  }
}

function elements(p: Problem, buffer: Uint8Array): Float64Array {
  return numbers(buffer, p.dtype, p.outer * p.groups * p.size * p.inner);
}

function weights(p: Problem, io: { gamma: Uint8Array | null; beta: Uint8Array | null }): WeightValues {
  const features = p.groups * p.size;
  return {
    gamma: io.gamma && numbers(io.gamma, 'float32', features),
    beta: io.beta && numbers(io.beta, 'float32', features),
  };
}

function rounding(p: Problem): Round {
  return (value) => roundTo(p.dtype, value);
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
