import { bytesPerElement, FLOAT_DTYPES, type FloatDType } from '@rmsnorm/core';
import type { Case, Subject } from '../../case/case.ts';
import { caseId, showShape } from '../../case/case-id.ts';
import type { Depth } from '../../case/depth.ts';
import { check } from '../../case/failure.ts';
import { withTensors } from '../../case/tensors.ts';
import { compareBits } from '../../expected/compare-bits.ts';
import { cycle, normal } from '../../inputs/distributions.ts';
import { decoded } from '../../inputs/elements.ts';
import { compareY } from '../../operations/forward.ts';
import { type ForwardInputs, type ForwardSpec, inputsOf, requirementsOf } from '../../operations/forward-spec.ts';
import { withNorm } from '../class/class-case.ts';

const MEBIBYTE = 2 ** 20;

/** A little more than so much: stages and pieces of a transfer tend to end there. */
const SIZES: readonly { readonly mebibytes: number; readonly depth: Depth }[] = [
  { mebibytes: 1, depth: 'quick' },
  { mebibytes: 4, depth: 'default' },
  { mebibytes: 16, depth: 'default' },
  { mebibytes: 64, depth: 'thorough' },
];

/** Other bits in each element, all of them finite. */
function pattern(dtype: FloatDType, count: number): Float32Array | Uint16Array {
  const isFloat32 = dtype === 'float32';
  const bits = isFloat32 ? new Uint32Array(count) : new Uint16Array(count);
  for (let i = 0; i < count; i++) {
    const mixed = Math.imul(i + 1, 0x9e3779b1) >>> 0;
    bits[i] = isFloat32 ? mixed & 0xbfffffff : (mixed >>> 16) & 0xbfff;
  }
  return isFloat32 ? new Float32Array(bits.buffer) : (bits as Uint16Array);
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** What goes in comes out, the end of it too; and again while another transfer runs. */
function checkRoundTrip({ backend }: Subject, dtype: FloatDType, count: number): Promise<void> {
  return withTensors(backend, async (tensors) => {
    const data = pattern(dtype, count);
    const tensor = tensors.keep(backend.tensor(data, [count], dtype));
    const small = tensors.filled(3, [5], 'float32');
    const [got, beside] = await Promise.all([tensor.data(), small.data()]);
    const [before, after] = [bytesOf(data), bytesOf(got)];
    check(after.length === before.length, () => `${after.length} bytes came back of ${before.length}`);
    const at = before.findIndex((byte, i) => byte !== after[i]);
    check(at < 0, () => `byte ${at} of ${before.length} came back as ${after[at]}, it was ${before[at]}`);
    compareBits(beside as Float32Array, new Float32Array(5).fill(3), 'float32', 'a small read beside it');
  });
}

const roundTrips: Case[] = FLOAT_DTYPES.flatMap((dtype) =>
  SIZES.map(({ mebibytes, depth }): Case => {
    const count = (mebibytes * MEBIBYTE) / bytesPerElement(dtype) + 5;
    return {
      id: caseId('backend/tensor', { check: 'transfer', dtype, elements: count }),
      requires: { dtypes: [dtype] },
      depth: mebibytes === 16 && dtype !== 'float32' ? 'thorough' : depth,
      run: (subject) => checkRoundTrip(subject, dtype, count),
    };
  }),
);

/** Rows take turns among so many. */
const TURNS = 8;

/** apply of rows that repeat: the first of them by the formula, the others by the bits of the first. */
async function checkApply(subject: Subject, spec: ForwardSpec): Promise<void> {
  const [rows, size] = spec.shape as [number, number];
  const x = [...normal()(subject.random, TURNS * size)];
  const inputs = inputsOf({ ...spec, x: cycle(x) }, subject.random);
  const values = await applied(subject, inputs);
  const first: ForwardInputs = {
    ...inputs,
    shape: [TURNS, size],
    operands: {
      ...inputs.operands,
      normalization: { ...inputs.operands.normalization, outer: TURNS },
      x: inputs.x.values.subarray(0, TURNS * size),
    },
  };
  compareY(subject, first, values.subarray(0, TURNS * size), { what: `the first ${TURNS} rows of y of apply` });
  if (!subject.backend.supports.promises.includes('invariance')) {
    compareY(subject, inputs, values, { what: 'y of apply' });
    return;
  }
  for (let row = TURNS; row < rows; row++) {
    const at = row % TURNS;
    compareBits(
      values.subarray(row * size, (row + 1) * size),
      values.subarray(at * size, (at + 1) * size),
      spec.dtype!,
      `y of apply, row ${row} of ${rows} against row ${at}, which has the same numbers`,
    );
  }
}

function applied({ backend }: Subject, inputs: ForwardInputs): Promise<Float32Array> {
  const { shape, x } = inputs;
  return withNorm(inputs, async (norm) => {
    const y = await norm.apply({ dtype: x.dtype, shape, data: x.data }, backend);
    return decoded(x.dtype, y.data as Float32Array | Uint16Array).values;
  });
}

const applies: Case[] = FLOAT_DTYPES.flatMap((dtype) =>
  SIZES.map(({ mebibytes, depth }): Case => {
    const size = 509;
    const rows = Math.ceil((mebibytes * MEBIBYTE) / bytesPerElement(dtype) / size);
    const spec: ForwardSpec = { dtype, shape: [rows, size], options: { dim: size, axis: -1 } };
    return {
      id: caseId('forward/apply', { transfer: `${mebibytes}MiB`, dtype, shape: showShape(spec.shape) }),
      requires: requirementsOf(spec),
      depth: mebibytes === 16 && dtype !== 'float32' ? 'thorough' : depth,
      run: (subject) => checkApply(subject, spec),
    };
  }),
);

/** Transfers and apply above 1, 4, 16 and 64 MiB. */
export const transferCases: readonly Case[] = [...roundTrips, ...applies];
