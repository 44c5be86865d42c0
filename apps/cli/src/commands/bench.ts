import { type Backend, pickBackend, RMSNorm, type Tensor } from '@rmsnorm/core';
import { BACKENDS, probeAll } from '../backends.ts';
import { median } from '../median.ts';
import type { Output } from '../terminal/output.ts';
import { startProgress } from '../terminal/progress.ts';
import { showSeconds } from '../terminal/quantities.ts';
import { table } from '../terminal/table.ts';

export interface BenchRow {
  readonly backend: string;
  readonly shape: readonly number[];
  readonly axis: number;
  readonly dtype: 'float32';
  /** Medians over the rounds: one forward, and one copy of as many bytes. */
  readonly forwardSeconds: number;
  readonly copySeconds: number;
  /** The median of the rounds' ratios of copy over forward: 1 is as fast as a copy. */
  readonly ratio: number;
  /** Of forward, which reads x once and writes y once. */
  readonly bytesPerSecond: number;
}

/** What `rmsnorm bench --json` prints. */
export interface BenchReport {
  readonly rounds: number;
  /** What the copy is, in words, by backend. */
  readonly copies: Readonly<Record<string, string>>;
  readonly rows: readonly BenchRow[];
}

/** From one row, which fits every cache, to sizes that fit none; then channels-first. */
const SHAPES: readonly { readonly shape: readonly number[]; readonly axis: number }[] = [
  { shape: [1, 4096], axis: -1 },
  { shape: [64, 4096], axis: -1 },
  { shape: [2048, 1024], axis: -1 },
  { shape: [100_000, 64], axis: -1 },
  { shape: [2, 512, 64, 64], axis: 1 },
];

const ROUNDS = 9;

/**
 * Calls are timed in batches of this length: the clock is far finer, and both halves of a round meet the same machine.
 */
const BATCH_SECONDS = 0.008;

/**
 * Times forward on resident tensors and a copy of the same bytes, in turns. On every backend that works, but the
 * reference.
 */
export async function bench(progress: boolean, signal: AbortSignal): Promise<BenchReport> {
  const probes = await probeAll();
  const entries = BACKENDS.filter(({ name }) => name !== 'reference' && probes.some((p) => p.ok && p.name === name));
  // With nothing to measure, pickBackend throws with the table of reasons.
  if (entries.length === 0) await pickBackend(BACKENDS.filter(({ auto }) => auto).map(({ load }) => load));
  const total = entries.length * SHAPES.length;
  const bar = startProgress(total, progress, (done, all, _seconds, note) => `${done}/${all}  ${note}`);
  const rows: BenchRow[] = [];
  const copies: Record<string, string> = {};
  try {
    for (const { name, load } of entries) {
      const backend = await (await load()).create({ signal });
      try {
        for (const { shape, axis } of SHAPES) {
          bar.update(rows.length, `${name} ${shape.join('x')}`);
          const { row, copy } = await measure(backend, shape, axis, signal);
          rows.push(row);
          copies[name] = copy;
        }
      } finally {
        await backend.dispose();
      }
    }
  } finally {
    bar.stop();
  }
  return { rounds: ROUNDS, copies, rows };
}

export function benchLines({ rows, rounds, copies }: BenchReport, { paint }: Output): string[] {
  const head = ['backend', 'shape', 'axis', 'forward', 'rate', 'copy', 'of a copy'];
  const body = rows.map((row) => [
    row.backend,
    row.shape.join('x'),
    String(row.axis),
    showSeconds(row.forwardSeconds),
    `${(row.bytesPerSecond / 1e9).toFixed(1)} GB/s`,
    showSeconds(row.copySeconds),
    row.ratio.toFixed(2),
  ]);
  const [first, ...rest] = table([head, ...body], [2, 3, 4, 5, 6]);
  return [
    paint('bold', first!),
    ...rest,
    '',
    `float32 with a gamma, tensors resident; medians of ${rounds} rounds, forward and copy in turns.`,
    ...Object.entries(copies).map(([name, copy]) => `The copy beside ${name}: ${copy}.`),
  ];
}

async function measure(
  backend: Backend,
  shape: readonly number[],
  axis: number,
  signal: AbortSignal,
): Promise<{ row: BenchRow; copy: string }> {
  const count = shape.reduce((product, length) => product * length, 1);
  const dim = shape.at(axis)!;
  const norm = new RMSNorm({ dim, axis });
  const data = Float32Array.from({ length: count }, (_, i) => Math.sin(i) + 0.1);
  const x = backend.tensor(data, shape);
  const y = backend.empty(shape);
  const probe = backend.tensor([1], [1]);
  const copy = copier(x, y, data);
  try {
    const forward = (times: number): Promise<number> =>
      timed(
        times,
        () => norm.forward(x, y),
        () => probe.data(),
      );
    const copying = (times: number): Promise<number> => timed(times, copy.once, () => probe.data());
    const forwards = await batchOf(forward);
    const copiesAtOnce = await batchOf(copying);
    const samples: { forward: number; copy: number }[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      if (signal.aborted) throw signal.reason;
      samples.push({ forward: await forward(forwards), copy: await copying(copiesAtOnce) });
    }
    const forwardSeconds = median(samples.map((sample) => sample.forward));
    return {
      copy: copy.what,
      row: {
        ...{ backend: backend.name, shape, axis, dtype: 'float32', forwardSeconds },
        copySeconds: median(samples.map((sample) => sample.copy)),
        ratio: median(samples.map((sample) => sample.copy / sample.forward)),
        bytesPerSecond: (2 * 4 * count) / forwardSeconds,
      },
    };
  } finally {
    for (const tensor of [x, y, probe]) tensor.dispose();
    norm.dispose();
  }
}

/** Seconds of one call, from `times` of them in a row. `settle` waits until what they enqueued is done. */
async function timed(times: number, call: () => unknown, settle: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < times; i++) call();
  await settle();
  return (performance.now() - start) / 1e3 / times;
}

/** How many calls fill a batch. Warms up on the way. */
async function batchOf(run: (times: number) => Promise<number>): Promise<number> {
  let times = 1;
  for (;;) {
    const seconds = (await run(times)) * times;
    if (seconds >= BATCH_SECONDS) return times;
    times = Math.ceil(times * Math.min(10, Math.max(2, (1.2 * BATCH_SECONDS) / Math.max(seconds, 1e-6))));
  }
}

function copier(x: Tensor, y: Tensor, data: Float32Array): { once: () => void; what: string } {
  if (x.view && y.view) {
    const from = x.view();
    const to = y.view();
    return { once: () => to.set(from as Float32Array), what: 'TypedArray.set from x to y, in the same memory' };
  }
  const to = new Float32Array(data.length);
  return { once: () => to.set(data), what: 'TypedArray.set in host memory, as its own cannot be addressed' };
}
