/*
 * The folder `reference/`: the specification as code, in float64, and as a driver. It imports from values/ and driver/;
 * reference.ts alone, which makes a backend of it, from backend/ too.
 */

import type { Driver } from '../driver/driver.ts';
import type {
  AddForwardIO,
  BackwardIO,
  ForwardIO,
  ForwardQuantizedIO,
  GatedForwardIO,
  ScaleByIO,
  SumSquaresIO,
} from '../driver/io.ts';
import { type Extent, operandLength } from '../driver/operations.ts';
import type { GatedProblem, Problem, QuantizedProblem, ScaleByProblem } from '../driver/problem.ts';
import type { Supports } from '../driver/supports.ts';
import { bytesPerElement, type FloatDType } from '../values/dtype.ts';
import { decode, encode, roundTo } from '../values/encoding.ts';
import { RMSNormError } from '../values/errors.ts';
import { bytesOf } from '../values/plain-array.ts';
import { show } from '../values/show.ts';
import { typedView } from '../values/typed-view.ts';
import { backward } from './backward.ts';
import { forward } from './forward.ts';
import { gated } from './gate.ts';
import { quantize } from './quantize.ts';
import { type Round, rowsOf, sumOfSquares, type WeightValues } from './rows.ts';

const SUPPORTS: Supports = {
  ops: ['forward', 'addForward', 'gatedForward', 'backward', 'sumSquares', 'scaleBy', 'forwardQuantized'],
  dtypes: ['float32', 'float16', 'bfloat16'],
  accuracy: 'ieee',
  features: ['inner', 'groups', 'partial', 'clamp', 'beta', 'weightOffset', 'llama', 'rstd'],
  promises: ['extremes', 'nonFinite', 'subnormals', 'invariance'],
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
    // Nothing to do: the garbage collector frees it.
  }

  write(buffer: Uint8Array, bytes: Uint8Array): void {
    present(buffer).set(bytes);
  }

  async read(buffer: Uint8Array, into: Uint8Array): Promise<void> {
    into.set(present(buffer).subarray(0, into.length));
  }

  view(buffer: Uint8Array): Uint8Array {
    return present(buffer);
  }

  adopt(handle: unknown, bytes: number): Uint8Array {
    if (!ArrayBuffer.isView(handle)) {
      throw new RMSNormError('FOREIGN_TENSOR', `the reference wraps typed arrays, got ${show(handle)}`);
    }
    if (handle.byteLength < bytes) {
      throw new RMSNormError('SHAPE', `the array has ${handle.byteLength} bytes, the tensor needs ${bytes}`);
    }
    if (handle.byteOffset % 4 !== 0) {
      throw new RMSNormError('ALIGNMENT', `the array starts at byte ${handle.byteOffset}: it must be a multiple of 4`);
    }
    // Of fixed length: if the array is transferred or shrunk later, this has no bytes, which `present` notices.
    return bytes === 0 ? this.alloc(4) : new Uint8Array(handle.buffer, handle.byteOffset, bytes);
  }

  forward(problem: Problem, io: ForwardIO<Uint8Array>): void {
    requireMemory(io);
    const { y, rstd } = forward(problem, elements(problem, io.x), weights(problem, io), rounding(problem));
    store(io.y, y, problem.dtype);
    if (io.rstd) store(io.rstd, rstd, 'float32');
  }

  addForward(problem: Problem, io: AddForwardIO<Uint8Array>): void {
    requireMemory(io);
    const residual = elements(problem, io.residual);
    const round = rounding(problem);
    const sum = elements(problem, io.x).map((value, i) => round(value + residual[i]!));
    const { y, rstd } = forward(problem, sum, weights(problem, io), round);
    store(io.sum, sum, problem.dtype);
    store(io.y, y, problem.dtype);
    if (io.rstd) store(io.rstd, rstd, 'float32');
  }

  gatedForward(problem: GatedProblem, io: GatedForwardIO<Uint8Array>): void {
    requireMemory(io);
    const { normBeforeGate, dtype } = problem;
    const x = elements(problem, io.x);
    const gate = elements(problem, io.gate);
    const source = normBeforeGate ? x : gated(x, gate);
    const { y, rstd } = forward(problem, source, weights(problem, io), rounding(problem));
    store(io.y, normBeforeGate ? gated(y, gate) : y, dtype);
    if (io.rstd) store(io.rstd, rstd, 'float32');
  }

  backward(problem: Problem, io: BackwardIO<Uint8Array>): void {
    requireMemory(io);
    const { dx, dgamma, dbeta } = backward(problem, {
      x: elements(problem, io.x),
      dy: elements(problem, io.dy),
      gamma: io.gamma && floats(problem, io.gamma, 'features'),
      rstd: io.rstd && floats(problem, io.rstd, 'rows'),
      dsum: io.dsum && elements(problem, io.dsum),
    });
    store(io.dx, dx, problem.dtype);
    if (io.dgamma) store(io.dgamma, dgamma, 'float32');
    if (io.dbeta) store(io.dbeta, dbeta, 'float32');
  }

  sumSquares(problem: Problem, io: SumSquaresIO<Uint8Array>): void {
    requireMemory(io);
    const values = elements(problem, io.x);
    const ofRows = Float64Array.from(rowsOf(problem), (row) => sumOfSquares(problem, values, row));
    store(io.sums, ofRows, 'float32');
  }

  scaleBy(problem: ScaleByProblem, io: ScaleByIO<Uint8Array>): void {
    requireMemory(io);
    const whole = { sums: floats(problem, io.sums, 'rows'), count: problem.count };
    const { y } = forward(problem, elements(problem, io.x), weights(problem, io), rounding(problem), whole);
    store(io.y, y, problem.dtype);
  }

  forwardQuantized(problem: QuantizedProblem, io: ForwardQuantizedIO<Uint8Array>): void {
    requireMemory(io);
    const { y } = forward(problem, elements(problem, io.x), weights(problem, io), rounding(problem));
    const { q, scales } = quantize(problem, Float32Array.from(y), problem.scale);
    io.q.set(bytesOf(q));
    io.scales.set(bytesOf(scales));
  }

  dispose(): void {
    // Nothing is held.
  }
}

/**
 * Refuses a call before it writes anything, if the memory of an operand is gone.
 * @throws RMSNormError SHAPE
 */
function requireMemory(io: object): void {
  for (const buffer of Object.values(io) as (Uint8Array | null)[]) if (buffer !== null) present(buffer);
}

function present(buffer: Uint8Array): Uint8Array {
  if (buffer.byteLength > 0) return buffer;
  throw new RMSNormError(
    'SHAPE',
    'the memory of a tensor is gone: the array that it wraps was transferred or shrunk; wrap another one',
  );
}

function elements(problem: Problem, buffer: Uint8Array): Float64Array {
  return numbers(buffer, problem.dtype, operandLength('elements', problem));
}

function floats(problem: Problem, buffer: Uint8Array, extent: Extent): Float64Array {
  return numbers(buffer, 'float32', operandLength(extent, problem));
}

function weights(problem: Problem, { gamma, beta }: Pick<ForwardIO<Uint8Array>, 'gamma' | 'beta'>): WeightValues {
  return {
    gamma: gamma && floats(problem, gamma, 'features'),
    beta: beta && floats(problem, beta, 'features'),
  };
}

function rounding({ dtype }: Problem): Round {
  return (value) => roundTo(dtype, value);
}

function numbers(buffer: Uint8Array, dtype: FloatDType, count: number): Float64Array {
  const bytes = buffer.subarray(0, count * bytesPerElement(dtype));
  return Float64Array.from(decode(typedView(bytes, dtype), dtype));
}

function store(buffer: Uint8Array, values: Float64Array, dtype: FloatDType): void {
  buffer.set(bytesOf(encode(values, dtype)));
}
