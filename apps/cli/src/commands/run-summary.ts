import type { FloatDType, Layout, NamedProbe } from '@rmsnorm/core';
import type { FileFormat } from '../files/tensor-file.ts';
import type { ChunkPlan } from '../stream/chunks.ts';
import type { RmsRange, RowRms } from '../stream/row-rms.ts';
import type { Shard } from '../stream/shard.ts';
import type { Output } from '../terminal/output.ts';
import { showBytes, showCount, showRate, showSeconds, significant } from '../terminal/quantities.ts';

/** What `rmsnorm run --json` prints. Sizes are bytes, times seconds. */
export interface RunSummary {
  readonly input: string;
  readonly output: string;
  readonly format: FileFormat;
  /** The tensor's name in a .safetensors file. */
  readonly tensor: string | null;
  /** How many other tensors were copied into the output; and how many were not, as the format changed. */
  readonly othersCarried: number;
  readonly othersLeft: number;
  /** What was computed with and written. */
  readonly dtype: FloatDType;
  /** What `--cast` made it of; null where nothing was cast. */
  readonly cast: string | null;
  readonly shape: readonly number[];
  readonly layout: Layout;
  /** Which part of the work this was; null where it was the whole. */
  readonly shard: Shard | null;
  readonly rows: RowRms;
  readonly backend: {
    readonly name: string;
    readonly device: string;
    /** What `--backend` said. */
    readonly asked: string;
    /** Every backend that was tried, in order. */
    readonly probes: readonly NamedProbe[];
  };
  readonly streamed: { readonly along: ChunkPlan['along']; readonly chunks: number; readonly chunkBytes: number };
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** From the first read until the output was in its place, on the disk. */
  readonly seconds: number;
  /** The part of these in the backend. */
  readonly normalizeSeconds: number;
}

/** The summary for people, in lines. */
export function summaryLines(summary: RunSummary, { paint }: Output): string[] {
  const { layout, rows, backend, streamed, seconds, normalizeSeconds } = summary;
  const name = summary.tensor === null ? '' : `, tensor '${summary.tensor}'`;
  const pairs: [string, string][] = [
    [
      'shape',
      `[${summary.shape.join(', ')}] ${summary.dtype}${summary.cast ? `, cast from ${summary.cast}` : ''}${name}`,
    ],
    ['layout', `${layoutText(layout)}: ${counted(rows.rows, 'row')} of ${counted(layout.size, 'element')}`],
    ['RMS before', rangeText(rows.before, rows.nonFinite.before)],
    ['RMS after', `${rangeText(rows.after, rows.nonFinite.after)}${sampleText(rows)}`],
    ['backend', `${backend.name} (${backend.device})${whyText(backend)}`],
  ];
  for (const probe of backend.probes) {
    if (!probe.ok) pairs.push(['', `not ${probe.name}: ${probe.code}, ${probe.reason}`]);
  }
  const moved = summary.bytesRead + summary.bytesWritten;
  const chunks = streamed.chunks > 1 ? `, in ${showCount(streamed.chunks)} chunks along ${streamed.along}` : '';
  pairs.push([
    'time',
    `${showSeconds(seconds)}: ${showBytes(summary.bytesRead)} read, ${showBytes(summary.bytesWritten)} written, ` +
      `${showRate(moved, seconds)}${chunks}`,
  ]);
  pairs.push(['', `${showSeconds(normalizeSeconds)} of it in the backend`]);
  if (summary.othersCarried > 0) pairs.push(['carried over', counted(summary.othersCarried, 'other tensor')]);
  if (summary.othersLeft > 0)
    pairs.push(['left out', `${counted(summary.othersLeft, 'other tensor')}: .npy holds one`]);

  const part = summary.shard ? `, shard ${summary.shard.index}/${summary.shard.count}` : '';
  const head = `${paint('bold', summary.input)} -> ${paint('bold', summary.output)}${part}`;
  const width = Math.max(...pairs.map(([label]) => label.length));
  return [head, ...pairs.map(([label, text]) => `  ${paint('dim', label.padEnd(width))}  ${text}`)];
}

function layoutText({ outer, groups, size, inner }: Layout): string {
  return `[outer ${outer}, groups ${groups}, size ${size}, inner ${inner}]`;
}

function rangeText(range: RmsRange | null, nonFinite: number): string {
  const lost = nonFinite > 0 ? `; ${counted(nonFinite, 'row')} with NaN or infinity` : '';
  if (range === null) return `no finite row${lost}`;
  const { min, median, max } = range;
  return `min ${digits(min)}  median ${digits(median)}  max ${digits(max)}${lost}`;
}

/** Six digits: a normalized row differs from 1 in the last ones. */
function digits(value: number): string {
  return value !== 0 && (Math.abs(value) >= 1e4 || Math.abs(value) < 1e-3) ? significant(value) : value.toFixed(6);
}

function sampleText({ rows, sampled }: RowRms): string {
  return sampled < rows ? `  (of ${showCount(sampled)} sampled rows)` : '';
}

function whyText({ asked, probes }: RunSummary['backend']): string {
  if (asked !== 'auto') return `, as --backend ${asked} asks`;
  return probes.length > 1 ? ', the first that works here' : ', the first choice';
}

function counted(count: number, noun: string): string {
  return `${showCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}
