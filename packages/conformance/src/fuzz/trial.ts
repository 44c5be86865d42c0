import type { FloatDType, Op } from '@rmsnorm/core';
import type { Distribution } from '../inputs/distributions.ts';
import { decode } from '../inputs/formats.ts';
import { createRandom } from '../inputs/random.ts';
import { OPERATIONS } from '../operations/all.ts';
import type { ForwardOptions, ForwardSpec } from '../operations/forward-spec.ts';
import type { PreparedCall } from '../operations/operation-model.ts';

/** Raw elements: float32 in 32 bits, the 16-bit types in 16. */
export type Bits = Uint32Array | Uint16Array;

/** One call of an operation, every bit of it: what the fuzzer draws, shrinks, prints and runs again. */
export interface Trial {
  readonly op: Op;
  readonly dtype: FloatDType;
  readonly outer: number;
  readonly groups: number;
  readonly size: number;
  readonly inner: number;
  /** The features as two axes, [groups, size], and inner as one more; else [outer, features] or [outer, features, inner]. */
  readonly spread: boolean;
  readonly options: Omit<ForwardOptions, 'dim' | 'groups' | 'axis'>;
  /** Asks for rstd; in backward: gives it. */
  readonly rstd: boolean;
  /** Of forwardQuantized; null for one per row. */
  readonly scale: number | null;
  /** Features on the other shards, of scaleBy. */
  readonly others: number;
  /** By name. gamma, beta and sums are float32, the rest of the trial's dtype. */
  readonly inputs: Readonly<Record<string, Bits>>;
}

const FLOAT32_INPUTS = new Set(['gamma', 'beta', 'sums']);

/** The dtype of an input. */
export function dtypeOf(trial: Pick<Trial, 'dtype'>, name: string): FloatDType {
  return FLOAT32_INPUTS.has(name) ? 'float32' : trial.dtype;
}

/** How many statistics a trial has. */
export function rowsIn({ outer, groups, inner }: Trial): number {
  return outer * groups * inner;
}

/** The call as the suite's own cases make and judge it. */
export function preparedOf(trial: Trial): PreparedCall {
  const prepared = OPERATIONS[trial.op].prepare(specOf(trial) as never, createRandom(0));
  // The suite makes elements from numbers, which lose the payload of a NaN: they are replaced by the trial's own bits.
  const inputs = Object.entries(prepared.inputs).map(([name, operand]) => {
    const bits = trial.inputs[name];
    if (!bits) return [name, operand] as const;
    return [name, { ...operand, content: { ...operand.content, data: elementsOf(bits) } }] as const;
  });
  return { ...prepared, inputs: Object.fromEntries(inputs) };
}

function specOf(trial: Trial): ForwardSpec {
  const { dtype, outer, groups, size, inner, spread, options, inputs } = trial;
  const features = groups * size;
  const flat = inner === 1 ? [outer, features] : [outer, features, inner];
  const drawn = Object.fromEntries(
    Object.entries(inputs).map(([name, bits]): [string, Distribution] => {
      const values = Float64Array.from(decode(elementsOf(bits), dtypeOf(trial, name)));
      return [name, () => values];
    }),
  );
  const given = {
    dtype,
    shape: spread ? [outer, groups, size, inner] : flat,
    options: { ...options, dim: spread ? [groups, size] : features, groups, axis: 1 },
    subnormals: true,
    rstd: trial.rstd,
    gamma: null,
    beta: null,
    ...drawn,
    others: trial.others,
    ...(trial.scale !== null && { scale: trial.scale }),
  };
  return given;
}

/** The same bits as a tensor takes them. */
function elementsOf(bits: Bits): Float32Array | Uint16Array {
  return bits instanceof Uint32Array ? new Float32Array(bits.buffer, bits.byteOffset, bits.length) : bits;
}
