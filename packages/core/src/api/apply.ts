import type { Tensor } from '../backend/backend.ts';
import type { BackendInternals } from '../backend/internals.ts';
import { isEmpty, type Problem } from '../driver/problem.ts';
import { RMSNormError } from '../values/errors.ts';
import type { HostData, HostTensor } from '../values/host-data.ts';
import { hostMemory } from '../values/host-memory.ts';
import { asFloat32, checkedHostTensor } from '../values/host-tensor.ts';
import { checkedKeys, type Form, keysOf } from '../values/keys.ts';
import { bytesOf, sameKind } from '../values/plain-array.ts';
import { elementCount, sameShape } from '../values/shape.ts';
import { show } from '../values/show.ts';
import { copyOf } from './state-dict.ts';

export interface ApplyTargets<O extends HostTensor = HostTensor> {
  /** Receives the result instead of new memory: dtype and shape of x; its data may be x's own. */
  readonly out?: O | undefined;
}

const TARGETS: Form = {
  name: "apply's targets",
  keys: keysOf<ApplyTargets>({ out: true }),
  tensor: '{ out: hostTensor }',
  copy: ({ out }: ApplyTargets): ApplyTargets => ({ out }),
};

/** What `apply` needs of an RMSNorm. */
interface Norm {
  readonly gamma: HostTensor | null;
  readonly beta: HostTensor | null;
  /** The problem of forward on x. */
  problem(x: HostTensor): Problem;
  forward(x: Tensor, out: Tensor): Tensor;
}

/** Host in, host out: through the driver's own way where it has one, else over a tensor. */
export async function applyOnHost(
  norm: Norm,
  x: HostTensor,
  internals: BackendInternals<unknown>,
  targets: ApplyTargets | undefined,
): Promise<HostTensor> {
  const { out } = checkedKeys(targets, TARGETS);
  const given = checkedHostTensor(x, 'x');
  const problem = norm.problem(given);
  const target = out !== undefined ? checkedTarget(given, out, norm) : emptyLike(given);
  // The caller's own object, as forward gives back `out`.
  const result = out ?? target;
  if (isEmpty(problem)) return result;
  const source = mayOverlapUnseen(given.data, target.data) ? copyOf(given, 'x') : given;

  const { driver, backend } = internals;
  if (driver.hostForward) {
    const gamma = norm.gamma && weightsNow(norm.gamma, 'gamma');
    const beta = norm.beta && weightsNow(norm.beta, 'beta');
    await driver.hostForward(problem, { x: bytesOf(source.data), y: bytesOf(target.data), gamma, beta });
    return result;
  }
  const tensor = backend.tensor(source.data, source.shape, source.dtype);
  internals.keep(tensor);
  try {
    const y = norm.forward(tensor, tensor);
    const bytes = bytesOf(await y.data());
    // Meanwhile the caller may have transferred or shrunk it.
    bytesOf(checkedHostTensor(target, 'out').data).set(bytes);
    return result;
  } finally {
    tensor.dispose();
  }
}

/** A weight's elements; checked again, as the caller may have transferred or resized its array. */
function weightsNow(weight: HostTensor, name: string): Float32Array {
  const whole = weight.data.length === elementCount(weight.shape);
  return asFloat32(whole ? weight : checkedHostTensor(weight, name));
}

function emptyLike({ dtype, shape, data }: HostTensor): HostTensor {
  const bytes = hostMemory(() => new Uint8Array(data.byteLength), data.byteLength, 'bytes');
  return { dtype, shape, data: sameKind(data, bytes) };
}

function checkedTarget(x: HostTensor, out: HostTensor, { gamma, beta }: Norm): HostTensor {
  const target = checkedHostTensor(out, 'out');
  if (target.dtype !== x.dtype) throw new RMSNormError('DTYPE', `out must be ${x.dtype} as x is, got ${target.dtype}`);
  if (!sameShape(target.shape, x.shape)) {
    throw new RMSNormError('SHAPE', `out must have x's shape ${show(x.shape)}, got ${show(target.shape)}`);
  }
  if (overlapInPart(x.data, target.data)) {
    throw new RMSNormError('ALIASING', 'out overlaps x in part: give it the same array, or memory of its own');
  }
  for (const weight of [gamma, beta]) {
    if (weight !== null && overlap(weight.data, target.data)) {
      throw new RMSNormError('ALIASING', 'out overlaps gamma or beta: give it memory of its own');
    }
  }
  return target;
}

function overlapInPart(a: HostData, b: HostData): boolean {
  return a.byteOffset !== b.byteOffset && overlap(a, b);
}

/**
 * Two buffers may be one shared memory, as `structuredClone` and `postMessage` make them. Then out, written in part, would
 * change what is yet to be read of x. At the same place they may be one.
 */
function mayOverlapUnseen(a: HostData, b: HostData): boolean {
  if (a.byteOffset === b.byteOffset || a.buffer === b.buffer) return false;
  return isShared(a.buffer) && isShared(b.buffer) && overlapAsOne(a, b);
}

/** By its tag, as it may come from another realm. */
function isShared(buffer: ArrayBufferLike): boolean {
  return buffer[Symbol.toStringTag] === 'SharedArrayBuffer';
}

function overlap(a: HostData, b: HostData): boolean {
  return a.buffer === b.buffer && overlapAsOne(a, b);
}

/** Whether they would overlap, were their buffers one. */
function overlapAsOne(a: HostData, b: HostData): boolean {
  return a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength;
}
