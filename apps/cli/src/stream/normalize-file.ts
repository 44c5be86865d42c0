import {
  type AbortSignalLike,
  type Backend,
  bytesPerElement,
  type FloatDType,
  type Layout,
  type ResolvedOptions,
} from '@rmsnorm/core';
import type { ByteTarget } from '../files/byte-target.ts';
import { pieceAt } from '../files/extent.ts';
import { type NpyDType, npyPrefix } from '../files/npy.ts';
import { safetensorsPrefix } from '../files/safetensors.ts';
import { bytesPerStored, castToFloat32 } from '../files/stored-type.ts';
import type { FileFormat, TensorFile } from '../files/tensor-file.ts';
import type { Weights } from '../files/weights.ts';
import { ChunkNorms, elements } from './chunk-norms.ts';
import { CHUNKS_IN_MEMORY, type Chunk, type ChunkPlan, extentOf, planRegions } from './chunks.ts';
import { runPipeline, type Step } from './pipeline.ts';
import { type RowRms, RowRmsSampler } from './row-rms.ts';
import { type Range, regionsOf, type Shard, shareOf } from './shard.ts';

export interface Source extends TensorFile {
  /** What is computed with, and written. */
  readonly dtype: FloatDType;
}

/** Whether the elements have to be cast to be computed with. */
export function isCast({ stored, bigEndian, dtype }: Pick<Source, 'stored' | 'bigEndian' | 'dtype'>): boolean {
  return stored !== dtype || bigEndian;
}

export interface Work {
  readonly source: Source;
  readonly layout: Layout;
  /** Which part of the work is done. One shard alone writes each byte of the output. */
  readonly shard: Shard;
  readonly options: ResolvedOptions;
  readonly weights: Weights;
  readonly backend: Backend;
  readonly target: ByteTarget;
  readonly format: FileFormat;
  /** The tensor's name in a .safetensors file that is made from .npy. */
  readonly name: string;
  /** The most bytes that all buffers take together. */
  readonly memory: number;
  readonly signal: AbortSignalLike;
  readonly onProgress: (bytes: number) => void;
}

export interface Outcome {
  readonly plan: ChunkPlan;
  readonly rows: RowRms;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Time inside the backend alone. */
  readonly normalizeSeconds: number;
}

/**
 * Where the chunks of `work` will be cut.
 * @throws RMSNormError OUT_OF_MEMORY
 */
export function planOf({
  source,
  layout,
  shard,
  memory,
}: Pick<Work, 'source' | 'layout' | 'shard' | 'memory'>): ChunkPlan {
  const regions = regionsOf(layout, shard);
  const { elementBytes, chunks } = buffersOf(source);
  return planRegions(layout, regions, elementBytes, Math.floor(memory / chunks), chunks);
}

/** How large the elements are that buffers are made for, and how many buffers there are. A cast needs one more. */
function buffersOf(source: Source): { elementBytes: number; chunks: number } {
  const written = bytesPerElement(source.dtype);
  if (!isCast(source)) return { elementBytes: written, chunks: CHUNKS_IN_MEMORY };
  return { elementBytes: Math.max(written, bytesPerStored(source.stored)), chunks: CHUNKS_IN_MEMORY + 1 };
}

/** How many bytes `work` reads. */
export function bytesToRead(work: Pick<Work, 'source' | 'layout' | 'shard' | 'format'>): number {
  const [before, after] = copiedRanges(work);
  return lengthOf(before) + lengthOf(after) + rowsOf(work) * work.layout.size * bytesPerStored(work.source.stored);
}

/** Whether the output gets a new header; else it keeps the input's, and all around the tensor. */
function hasOwnHeader({ source, format }: Pick<Work, 'source' | 'format'>): boolean {
  return format !== source.format || isCast(source);
}

/** The size of the output, of all shards together. */
export function outputBytes(work: Pick<Work, 'source' | 'format' | 'name'>): number {
  const { source } = work;
  if (!hasOwnHeader(work)) return source.bytes;
  const count = (source.end - source.start) / bytesPerStored(source.stored);
  return prefixOf(work).byteLength + count * bytesPerElement(source.dtype);
}

/**
 * Streams a file, or a shard of it, through a backend into `target`. Where the format stays, all other bytes of the file are
 * copied; an output of another format has that tensor alone.
 * @throws RMSNormError OUT_OF_MEMORY, INVALID_FILE, what the backend throws; errors of the file system; `signal.reason`
 */
export async function normalizeFile(work: Work): Promise<Outcome> {
  const { source, layout, shard, memory, target } = work;
  const plan = planOf(work);
  const rows = new RowRmsSampler(rowsOf(work), layout.size, source.dtype);
  const norms = new ChunkNorms(work.options, work.weights);
  const timer = { seconds: 0 };
  const prefix = hasOwnHeader(work) ? prefixOf(work) : null;
  const [before, after] = copiedRanges(work);
  const copied = lengthOf(before) + lengthOf(after);
  const copiedAtOnce = Math.min(copied, Math.floor(memory / CHUNKS_IN_MEMORY), MOST_COPIED_AT_ONCE);
  const bufferBytes = Math.max(plan.largestBytes, copiedAtOnce);
  const cast = isCast(source) ? new Float32Array(plan.largestBytes / buffersOf(source).elementBytes) : null;

  function* steps(): Iterable<Step> {
    yield* copies(before, copiedAtOnce);
    for (const chunk of plan.chunks()) {
      const from = extentOf(layout, chunk, bytesPerStored(source.stored), source.start);
      const to = extentOf(layout, chunk, bytesPerElement(source.dtype), prefix?.byteLength ?? source.start);
      yield { from, to, transform: (x, y) => normalizeChunk(work, norms, chunk, { x, y, cast }, rows, timer) };
    }
    yield* copies(after, copiedAtOnce);
  }

  const ownPrefix = shard.index === 0 ? prefix : null;
  try {
    if (ownPrefix) await target.write(pieceAt(0, ownPrefix.byteLength), ownPrefix);
    const ends = { source: source.source, target };
    await runPipeline(steps(), ends, { bufferBytes, signal: work.signal, onProgress: work.onProgress });
  } finally {
    norms.dispose();
  }
  const written = rowsOf(work) * layout.size * bytesPerElement(source.dtype);
  return {
    plan,
    rows: rows.result(),
    bytesRead: bytesToRead(work),
    bytesWritten: (ownPrefix?.byteLength ?? 0) + copied + written,
    normalizeSeconds: timer.seconds,
  };
}

/** More at once is not faster. */
const MOST_COPIED_AT_ONCE = 64 * 2 ** 20;

/**
 * The bytes of the file that are copied, before and after the tensor. Where the format stays, the first shard copies the
 * header, and each shard its share of the other tensors, which may be most of the file.
 */
function copiedRanges({ source, shard, format }: Pick<Work, 'source' | 'shard' | 'format'>): readonly [Range, Range] {
  if (hasOwnHeader({ source, format })) {
    return [
      { start: 0, end: 0 },
      { start: 0, end: 0 },
    ];
  }
  const share = shareOf(source.start - source.headerBytes + source.bytes - source.end, shard);
  const start = shard.index === 0 ? 0 : source.headerBytes + share.start;
  const end = source.headerBytes + share.end;
  const behind = (at: number): number => source.end + Math.max(0, at - source.start);
  return [
    { start: Math.min(start, source.start), end: Math.min(end, source.start) },
    { start: behind(start), end: behind(end) },
  ];
}

function rowsOf({ layout, shard }: Pick<Work, 'layout' | 'shard'>): number {
  const groups = regionsOf(layout, shard).reduce((sum, region) => sum + region.outers * region.groups, 0);
  return groups * layout.inner;
}

async function normalizeChunk(
  { source, backend }: Work,
  norms: ChunkNorms,
  chunk: Chunk,
  bytes: { readonly x: Uint8Array; readonly y: Uint8Array; readonly cast: Float32Array | null },
  rows: RowRmsSampler,
  timer: { seconds: number },
): Promise<void> {
  const { dtype } = source;
  const shape = norms.shapeOf(chunk);
  const x = { dtype, shape, data: inputOf(source, bytes.x, bytes.cast) };
  const y = { dtype, shape, data: elements(bytes.y, dtype) };
  const norm = norms.of(chunk);
  const start = performance.now();
  await norm.apply(x, backend, { out: y });
  timer.seconds += (performance.now() - start) / 1e3;
  rows.add(chunk, x.data, y.data);
}

function inputOf(source: Source, bytes: Uint8Array, cast: Float32Array | null): Float32Array | Uint16Array {
  if (!cast) return elements(bytes, source.dtype);
  const values = cast.subarray(0, bytes.byteLength / bytesPerStored(source.stored));
  castToFloat32(bytes, source.stored, source.bigEndian, values);
  return values;
}

function lengthOf({ start, end }: Range): number {
  return end - start;
}

function* copies({ start, end }: Range, atOnce: number): Iterable<Step> {
  for (let position = start; position < end; position += atOnce) {
    const bytes = Math.min(atOnce, end - position);
    const extent = pieceAt(position, bytes);
    yield { from: extent, to: extent, transform: null };
  }
}

function prefixOf({ source, format, name }: Pick<Work, 'source' | 'format' | 'name'>): Uint8Array {
  const { dtype, shape } = source;
  switch (format) {
    case 'safetensors':
      return safetensorsPrefix(dtype, shape, name);
    case 'npy':
      // A bfloat16 source was refused with the options.
      return npyPrefix(dtype as NpyDType, shape);
    default:
      throw new Error(`no prefix is known of ${format satisfies never}`);
  }
}
