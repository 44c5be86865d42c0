import type { FileHandle } from 'node:fs/promises';
import {
  type AbortSignalLike,
  type Backend,
  bytesPerElement,
  type FloatDType,
  type Layout,
  type ResolvedOptions,
} from '@rmsnorm/core';
import { npyPrefix } from '../files/npy.ts';
import { writeExactly } from '../files/read-exactly.ts';
import { safetensorsPrefix } from '../files/safetensors.ts';
import type { FileFormat, TensorFile } from '../files/tensor-file.ts';
import type { Weights } from '../files/weights.ts';
import { ChunkNorms, elements } from './chunk-norms.ts';
import { CHUNKS_IN_MEMORY, type Chunk, type ChunkPlan, type Extent, extentOf, planChunks } from './chunks.ts';
import { type Job, runPipeline } from './pipeline.ts';
import { type RowRms, RowRmsSampler } from './row-rms.ts';

export interface Source extends TensorFile {
  readonly dtype: FloatDType;
}

export interface Work {
  readonly source: Source;
  readonly layout: Layout;
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
export function planOf({ source, layout, memory }: Pick<Work, 'source' | 'layout' | 'memory'>): ChunkPlan {
  return planChunks(layout, bytesPerElement(source.dtype), Math.floor(memory / CHUNKS_IN_MEMORY));
}

/**
 * Streams a file through a backend into `target`. A file of the same format is the same file but for the one tensor;
 * one of another format has that tensor alone.
 * @throws RMSNormError OUT_OF_MEMORY, INVALID_FILE, what the backend throws; errors of the file system; `signal.reason`
 */
export async function normalizeFile(work: Work): Promise<Outcome> {
  const { source, layout, format, memory, target } = work;
  const plan = planOf(work);
  const rows = new RowRmsSampler(layout, source.dtype);
  const norms = new ChunkNorms(work.options, work.weights);
  const timer = { seconds: 0 };
  const same = format === source.format;
  const prefix = same ? null : prefixOf(work);
  const shift = prefix ? prefix.byteLength - source.start : 0;
  const copied = same ? source.start + source.bytes - source.end : 0;
  const bufferBytes = Math.max(plan.largestBytes, Math.min(copied, Math.floor(memory / CHUNKS_IN_MEMORY)));

  function* jobs(): Iterable<Job> {
    if (same) yield* copies(0, source.start, bufferBytes);
    for (const chunk of plan.chunks()) {
      const from = extentOf(layout, chunk, bytesPerElement(source.dtype), source.start);
      const to = { ...from, position: from.position + shift };
      yield { from, to, transform: (x, y) => normalizeChunk(work, norms, chunk, { x, y }, rows, timer) };
    }
    if (same) yield* copies(source.end, source.bytes, bufferBytes);
  }

  try {
    if (prefix) await writeExactly(target, prefix, 0);
    const ends = { source: source.file, sourceName: source.path, target };
    await runPipeline(jobs(), ends, { bufferBytes, signal: work.signal, onProgress: work.onProgress });
  } finally {
    norms.dispose();
  }
  const tensorBytes = source.end - source.start;
  return {
    plan,
    rows: rows.result(),
    bytesRead: copied + tensorBytes,
    bytesWritten: (prefix?.byteLength ?? copied) + tensorBytes,
    normalizeSeconds: timer.seconds,
  };
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

function* copies(start: number, end: number, atOnce: number): Iterable<Job> {
  for (let position = start; position < end; position += atOnce) {
    const bytes = Math.min(atOnce, end - position);
    const extent: Extent = { position, bytes, stride: bytes, count: 1 };
    yield { from: extent, to: extent, transform: null };
  }
}

function prefixOf({ source, format, name }: Work): Uint8Array {
  const { dtype, shape } = source;
  if (format === 'safetensors') return safetensorsPrefix(dtype, shape, name);
  return npyPrefix(dtype as Exclude<FloatDType, 'bfloat16'>, shape);
}
