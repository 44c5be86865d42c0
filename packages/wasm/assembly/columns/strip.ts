// The size of strips, and their scratch memory.

import { call, isFloat32 } from '../call';
import { Op } from '../descriptor';
import { RUN } from '../elements/runs';
import { sumsAreGiven } from '../statistic';
import { PIECE } from '../weights';

/** The most columns of a strip: a first-level cache holds their sums. */
const MAX_WIDTH: u32 = 1024;
/**
 * A float32 slab of so many elements (8 MB), and of so many columns, is one strip: reading it from end to end gains more than leaving the
 * smaller caches costs. Not where strips are interleaved.
 */
const WHOLE: u32 = 1 << 21;
const MAX_WHOLE_WIDTH: u32 = 4096;
/** Elements of an interleaved strip, 2 MB. */
const INTERLEAVED: u32 = 1 << 19;
/** Elements of a 16-bit strip that are converted at once: 256 KB as float32. */
const CONVERTED: u32 = 65536;
/** Elements of a strip all of whose values are kept in memory, 1 MB. It has at least LEAST_WIDTH columns. */
const KEPT: u32 = 1 << 18;
const LEAST_WIDTH: u32 = 64;

/** The strips of a call: their size, their scratch memory, and the state of the one in work. Lies at the start of that memory. */
@unmanaged
export class Strip {
  /** The sum of squares of each column, float64. */
  sums: usize;
  /** r of each column, float32. */
  factors: usize;
  /** 1, float32, for each column. */
  ones: usize;
  /** Values of a strip, float32. */
  values: usize;
  /** Room for one column, float32. */
  column: usize;
  /** Columns of a strip. The last one of a slab may have fewer. */
  width: u32;
  /** Rows of a strip whose values are in memory at once. */
  height: u32;
  /** Whether `values` has room for a whole strip. */
  kept: u32;
  /** Whether a strip is scaled while the next is summed. `summed` is the number of columns of this strip that were summed so. */
  interleaved: u32;
  summed: u32;
}

/** At least the bytes of a Strip, and a multiple of 16, as what follows is used in vectors. */
const STRIP_BYTES: u32 = 48;

/** Whether all values of a strip are kept between summing and scaling, as making them again would take more than a conversion. */
function keepsValues(): bool {
  return call.op === Op.forwardQuantized || (call.op === Op.gatedForward && !isFloat32());
}

/** Features that are done before the next columns. forwardQuantized does all groups, as they share one scale. */
function featuresOf(): u32 {
  return call.op === Op.forwardQuantized ? call.groups * call.size : call.size;
}

function widthOf(): u32 {
  const inner = call.inner;
  if (keepsValues()) return min(inner, max(LEAST_WIDTH, min(MAX_WIDTH, (KEPT / featuresOf()) & ~15)));
  if (isFloat32() && inner <= MAX_WHOLE_WIDTH && call.size <= WHOLE / inner) return inner;
  return min(inner, MAX_WIDTH);
}

/** The width of interleaved strips: about equal for all strips of a slab. */
export function interleavedWidth(): u32 {
  const inner = call.inner;
  const most = min(MAX_WIDTH, max(LEAST_WIDTH, (INTERLEAVED / call.size) & ~15));
  const strips = (inner + most - 1) / most;
  return min(inner, ((inner + strips - 1) / strips + 15) & ~15);
}

/** A multiple of 8, or the whole column. */
function heightOf(width: u32): u32 {
  return min(call.size, min(PIECE, max(8, ((isFloat32() ? RUN : CONVERTED) / width) & ~7)));
}

/** A multiple of 4 with room for one more, which factorsOf wants. */
function padded(elements: u32): u32 {
  return (elements + 4) & ~3;
}

function valuesOf(width: u32): u32 {
  return padded(width * (keepsValues() ? featuresOf() : heightOf(width)));
}

/** Bytes of scratch memory. */
export function stripBytes(): u32 {
  const width = widthOf();
  return STRIP_BYTES + (padded(width) * 4 + valuesOf(width) + call.size) * 4;
}

/** Divides that memory, and chooses the size of strips. */
export function startStrips(): Strip {
  const strip = changetype<Strip>(call.kernelMemory);
  const width = widthOf();
  const keep = keepsValues();
  const height = keep ? call.size : heightOf(width);
  strip.width = width;
  strip.height = height;
  strip.kept = u32(keep || (!isFloat32() && call.size <= height && !sumsAreGiven()));
  strip.interleaved = 0;
  strip.summed = 0;
  const columns = <usize>padded(width) << 2;
  const sums = call.kernelMemory + STRIP_BYTES;
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
