import { type Backend, RMSNorm } from '@rmsnorm/core';
import { median } from '../median.ts';

/** As many as a prompt of a language model has tokens; and none of the caches holds them. */
export const ROWS = 4096;
export const FEATURES = 4096;

export const ROUNDS = 9;

/** Median seconds of one pass over all rows. */
export interface Speeds {
  readonly kernel: number;
  readonly plain: number;
  readonly copy: number;
}

/** Times the kernel, a loop in JavaScript and a copy in turns, so that all meet the same machine. */
export async function measureSpeeds(backend: Backend): Promise<Speeds> {
  const x = backend.empty([ROWS, FEATURES]);
  const y = backend.empty([ROWS, FEATURES]);
  const norm = new RMSNorm({ dim: FEATURES, axis: -1 });
  const from = (x.view?.() ?? new Float32Array(ROWS * FEATURES)) as Float32Array;
  const to = (y.view?.() ?? new Float32Array(ROWS * FEATURES)) as Float32Array;
  for (let i = 0; i < from.length; i++) from[i] = ((i * 7919) % 2003) / 1000 - 1;
  const gamma = new Float32Array(FEATURES).fill(1);
  const probe = backend.tensor([1], [1]);
  const calls = {
    kernel: () => norm.forward(x, y),
    plain: () => plainRmsNorm(from, gamma, to),
    copy: () => to.set(from),
  };
  const times = { kernel: [] as number[], plain: [] as number[], copy: [] as number[] };
  try {
    // The first round warms up.
    for (let round = 0; round <= ROUNDS; round++) {
      for (const name of ['kernel', 'plain', 'copy'] as const) {
        const start = performance.now();
        calls[name]();
        await probe.data();
        if (round > 0) times[name].push((performance.now() - start) / 1e3);
      }
    }
  } finally {
    for (const tensor of [x, y, probe]) tensor.dispose();
    norm.dispose();
  }
  return { kernel: median(times.kernel), plain: median(times.plain), copy: median(times.copy) };
}

/** What one would write by hand: a sum in float64, which JavaScript's numbers are, and one factor for each row. */
function plainRmsNorm(x: Float32Array, gamma: Float32Array, y: Float32Array): void {
  for (let start = 0; start < x.length; start += FEATURES) {
    let sum = 0;
    for (let i = start; i < start + FEATURES; i++) sum += x[i]! * x[i]!;
    const r = 1 / Math.sqrt(sum / FEATURES + 1e-6);
    for (let i = 0; i < FEATURES; i++) y[start + i] = x[start + i]! * r * gamma[i]!;
  }
}
