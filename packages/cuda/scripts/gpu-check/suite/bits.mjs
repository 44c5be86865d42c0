// The bits of two recordings.

import { createHash } from 'node:crypto';
import { bfloat16Value, float16Value } from '@rmsnorm/core';

/** The arrays of the dtypes' bits, which bit patterns are NaNs, and what patterns mean. */
const float32 = new Float32Array(1);
const float32Bits = new Uint32Array(float32.buffer);
const FORMATS = {
  float32: {
    Bits: Uint32Array,
    holdsNaN: (bits) => (bits & 0x7fffffff) > 0x7f800000,
    nan: 0x7fc00000,
    value: (bits) => {
      float32Bits[0] = bits;
      return float32[0];
    },
  },
  float16: { Bits: Uint16Array, holdsNaN: (bits) => (bits & 0x7fff) > 0x7c00, nan: 0x7e00, value: float16Value },
  bfloat16: { Bits: Uint16Array, holdsNaN: (bits) => (bits & 0x7fff) > 0x7f80, nan: 0x7fc0, value: bfloat16Value },
  int8: { Bits: Int8Array, holdsNaN: () => false, nan: 0, value: (bits) => bits },
};

const bitsOf = ({ dtype, bytes }) => new FORMATS[dtype].Bits(bytes.buffer);

/** The first element of two outputs that differs. Which NaN a NaN is, no promise says: processors have their own. */
function firstDifference(a, b) {
  if (a.bytes.length === b.bytes.length && Buffer.compare(a.bytes, b.bytes) === 0) return null;
  const { holdsNaN, value } = FORMATS[a.dtype];
  const one = bitsOf(a);
  const other = bitsOf(b);
  let first = -1;
  let count = 0;
  for (let i = 0; i < one.length; i++) {
    if (one[i] === other[i] || (holdsNaN(one[i]) && holdsNaN(other[i]))) continue;
    if (first < 0) first = i;
    count++;
  }
  if (first < 0) return null;
  const show = (bits) => `${value(bits)} (0x${(bits >>> 0).toString(16)})`;
  return `${a.name}[${first}] is ${show(one[first])}, emulated ${show(other[first])}; ${count} of ${one.length} elements differ`;
}

/** Why two recordings of the same case are not the same, in words; null: they are. */
export function difference(device, emulated) {
  const count = Math.min(device.length, emulated.length);
  for (let i = 0; i < count; i++) {
    const a = device[i];
    const b = emulated[i];
    if (a.call !== b.call || a.name !== b.name)
      return `the calls differ: ${a.call} ${a.name ?? ''}, emulated ${b.call} ${b.name ?? ''}`;
    if (a.error !== b.error)
      return `${a.call}: ${a.error ?? 'no error'} on the device, ${b.error ?? 'no error'} emulated`;
    const found = a.bytes && b.bytes ? firstDifference(a, b) : null;
    if (found) return `${a.call}: ${found}`;
  }
  if (device.length !== emulated.length) return `${device.length} outputs on the device, ${emulated.length} emulated`;
  return null;
}

/** A hash of all outputs, with each NaN as the same one. */
export function hashOf(outputs) {
  const hash = createHash('sha256');
  for (const output of outputs) {
    hash.update(`${output.call} ${output.name} ${output.error}\n`);
    if (!output.bytes) continue;
    const { holdsNaN, nan } = FORMATS[output.dtype];
    const bits = bitsOf(output);
    let copy = null;
    for (let i = 0; i < bits.length; i++) {
      if (!holdsNaN(bits[i])) continue;
      copy ??= bits.slice();
      copy[i] = nan;
    }
    hash.update(copy ?? bits);
  }
  return hash.digest('hex');
}
