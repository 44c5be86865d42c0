// Strips: how wide they are, and the scratch memory in which they are worked on.

import { call, isFloat32 } from '../call';
import { Op } from '../descriptor';
import { RUN } from '../elements/runs';
import { sumsAreGiven } from '../statistic';
import { PIECE } from '../weights';

/** Most columns of a strip: their sums stay in the first-level cache. */
const MAX_WIDTH: u32 = 1024;
/** A float32 slab of up to 8 MB is one strip: reading it from end to end saves more than the larger caches cost. Not where strips are interleaved. */
const WHOLE: u32 = 1 << 21;
const MAX_WHOLE_WIDTH: u32 = 4096;
/** Elements of an interleaved strip, 2 MB, but for narrow ones. */
const INTERLEAVED: u32 = 1 << 19;
/** Elements of a 16-bit strip that are converted at a time; 256 KB as float32. */
const CONVERTED: u32 = 65536;
/** Elements of a strip whose values are kept, 1 MB, and how many columns it has even so. */
const KEPT: u32 = 1 << 18;
const LEAST_WIDTH: u32 = 64;

/** What the strips of a call have in common, and what is so of the one that is worked on. In scratch memory, where what it names follows. */
@unmanaged
export class Strip {
  /** The sum of squares of each column, float64. */
  sums: usize;
  /** r of each column, float32. */
  factors: usize;
  /** 1 for each column. */
  ones: usize;
  /** Values as float32. */
  values: usize;
  /** Room for one column as float32. */
  column: usize;
  /** Columns of a strip, but for the last of a slab, which may have less. */
  width: u32;
  /** Rows of a strip whose values are in memory at a time. */
  height: u32;
  /** Whether all values of a strip have their place in memory. */
  kept: u32;
  /** Whether a strip is scaled while the next is summed; then how many columns of the next have been summed. */
  interleaved: u32;
  summed: u32;
}

/** A multiple of 16, as all that follows. */
const STRIP_BYTES: u32 = 48;

/** Making or using values takes more than a conversion: they are kept. */
function keepsValues(): bool {
  return call.op === Op.forwardQuantized || (call.op === Op.gatedForward && !isFloat32());
}

/** Features that are worked on before the next columns: all of forwardQuantized, whose scale is theirs together. */
function featuresOf(): u32 {
  return call.op === Op.forwardQuantized ? call.groups * call.size : call.size;
}

function widthOf(): u32 {
  const inner = call.inner;
  if (keepsValues()) return min(inner, max(LEAST_WIDTH, min(MAX_WIDTH, (KEPT / featuresOf()) & ~15)));
  if (isFloat32() && inner <= MAX_WHOLE_WIDTH && call.size <= WHOLE / inner) return inner;
  return min(inner, MAX_WIDTH);
}

/** Of strips that are about equally wide. */
export function interleavedWidth(): u32 {
  const inner = call.inner;
  const most = min(MAX_WIDTH, max(LEAST_WIDTH, (INTERLEAVED / call.size) & ~15));
  const strips = (inner + most - 1) / most;
  return min(inner, ((inner + strips - 1) / strips + 15) & ~15);
}

/** A multiple of 8, or all. */
function heightOf(width: u32): u32 {
  return min(call.size, min(PIECE, max(8, ((isFloat32() ? RUN : CONVERTED) / width) & ~7)));
}

/** A multiple of 4, with room for one more. */
function padded(elements: u32): u32 {
  return (elements + 4) & ~3;
}

function valuesOf(width: u32): u32 {
  return padded(width * (keepsValues() ? featuresOf() : heightOf(width)));
}

/** Scratch memory of the strips. */
export function stripBytes(): u32 {
  const width = widthOf();
  return STRIP_BYTES + (padded(width) * 4 + valuesOf(width) + call.size) * 4;
}

/** Divides that memory. */
export function startStrips(): Strip {
  const strip = changetype<Strip>(call.kernel);
  const width = widthOf();
  const keep = keepsValues();
  const height = keep ? call.size : heightOf(width);
  strip.width = width;
  strip.height = height;
  strip.kept = u32(keep || (!isFloat32() && call.size <= height && !sumsAreGiven()));
  strip.interleaved = 0;
  strip.summed = 0;
  const columns = <usize>padded(width) << 2;
  const sums = call.kernel + STRIP_BYTES;
  const ones = sums + 3 * columns;
  const values = ones + columns;
  strip.sums = sums;
  strip.factors = sums + 2 * columns;
  strip.ones = ones;
  strip.values = values;
  strip.column = values + (<usize>valuesOf(width) << 2);
  for (let p = ones; p < values; p += 4) store<f32>(p, 1);
  return strip;
}
