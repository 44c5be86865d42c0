import type { FileHandle } from 'node:fs/promises';
import {
  type AbortSignalLike,
  type Backend,
  bytesPerElement,
  type FloatDType,
  type Layout,
  type ResolvedOptions,
} from '@rmsnorm/core';
import { type NpyDType, npyPrefix } from '../files/npy.ts';
import { writeExactly } from '../files/read-exactly.ts';
import { safetensorsPrefix } from '../files/safetensors.ts';
import type { FileFormat, TensorFile } from '../files/tensor-file.ts';
import type { Weights } from '../files/weights.ts';
import { ChunkNorms, elements } from './chunk-norms.ts';
import { CHUNKS_IN_MEMORY, type Chunk, type ChunkPlan, type Extent, extentOf, planRegions } from './chunks.ts';
import { runPipeline, type Step } from './pipeline.ts';
import { type RowRms, RowRmsSampler } from './row-rms.ts';
import { type Range, regionsOf, type Shard, shareOf } from './shard.ts';

export interface Source extends TensorFile {
  readonly dtype: FloatDType;
}

export interface Work {
  readonly source: Source;
  readonly layout: Layout;
  /** Which part of the work is done. One shard alone writes each byte of the output. */
  readonly shard: Shard;
  readonly options: ResolvedOptions;
  readonly weights: Weights;
  readonly backend: Backend;
  readonly target: FileHandle;
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
  return planRegions(layout, regions, bytesPerElement(source.dtype), Math.floor(memory / CHUNKS_IN_MEMORY));
}

/** How many bytes `work` reads. */
export function bytesToRead(work: Pick<Work, 'source' | 'layout' | 'shard' | 'format'>): number {
  const [before, after] = copiedRanges(work);
  return lengthOf(before) + lengthOf(after) + rowsOf(work) * work.layout.size * bytesPerElement(work.source.dtype);
}

/** The size of the output, of all shards together. */
export function outputBytes(work: Pick<Work, 'source' | 'format' | 'name'>): number {
  const { source, format } = work;
  return format === source.format ? source.bytes : prefixOf(work).byteLength + source.end - source.start;
}

/**
 * Streams a file, or a shard of it, through a backend into `target`. Where the format stays, all other bytes of the file are
 * copied; an output of another format has that tensor alone.
 * @throws RMSNormError OUT_OF_MEMORY, INVALID_FILE, what the backend throws; errors of the file system; `signal.reason`
 */
export async function normalizeFile(work: Work): Promise<Outcome> {
  const { source, layout, shard, format, memory, target } = work;
  const plan = planOf(work);
  const rows = new RowRmsSampler(rowsOf(work), layout.size, source.dtype);
  const norms = new ChunkNorms(work.options, work.weights);
  const timer = { seconds: 0 };
  const prefix = format === source.format ? null : prefixOf(work);
  const shift = prefix ? prefix.byteLength - source.start : 0;
  const [before, after] = copiedRanges(work);
  const copied = lengthOf(before) + lengthOf(after);
  const bufferBytes = Math.max(plan.largestBytes, Math.min(copied, Math.floor(memory / CHUNKS_IN_MEMORY)));

  function* steps(): Iterable<Step> {
    yield* copies(before, bufferBytes);
    for (const chunk of plan.chunks()) {
      const from = extentOf(layout, chunk, bytesPerElement(source.dtype), source.start);
      const to = { ...from, position: from.position + shift };
      yield { from, to, transform: (x, y) => normalizeChunk(work, norms, chunk, { x, y }, rows, timer) };
    }
    yield* copies(after, bufferBytes);
  }

  const ownPrefix = shard.index === 0 ? prefix : null;
  try {
    if (ownPrefix) await writeExactly(target, ownPrefix, 0);
    const ends = { source: source.file, sourceName: source.path, target };
    await runPipeline(steps(), ends, { bufferBytes, signal: work.signal, onProgress: work.onProgress });
  } finally {
    norms.dispose();
  }
  const bytesRead = bytesToRead(work);
  return {
    plan,
    rows: rows.result(),
    bytesRead,
    bytesWritten: (ownPrefix?.byteLength ?? 0) + bytesRead,
    normalizeSeconds: timer.seconds,
  };
}

/**
 * The bytes of the file that are copied, before and after the tensor. Where the format stays, the first shard copies the
 * header, and each shard its share of the other tensors, which may be most of the file.
 */
function copiedRanges({ source, shard, format }: Pick<Work, 'source' | 'shard' | 'format'>): readonly [Range, Range] {
  if (format !== source.format) {
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
  bytes: { readonly x: Uint8Array; readonly y: Uint8Array },
  rows: RowRmsSampler,
  timer: { seconds: number },
): Promise<void> {
  const { dtype } = source;
  const shape = norms.shapeOf(chunk);
  const x = { dtype, shape, data: elements(bytes.x, dtype) };
  const y = { dtype, shape, data: elements(bytes.y, dtype) };
  const norm = norms.of(chunk);
  const start = performance.now();
  await norm.apply(x, backend, { out: y });
  timer.seconds += (performance.now() - start) / 1e3;
  rows.add(chunk, x.data, y.data);
}

function lengthOf({ start, end }: Range): number {
  return end - start;
}

function* copies({ start, end }: Range, atOnce: number): Iterable<Step> {
  for (let position = start; position < end; position += atOnce) {
    const bytes = Math.min(atOnce, end - position);
    const extent: Extent = { position, bytes, stride: bytes, count: 1 };
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
