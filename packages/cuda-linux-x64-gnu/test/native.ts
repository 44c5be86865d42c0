// What the addon gives, and how tests get it.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'vitest';

export interface Native {
  readonly fields: readonly string[];
  readonly kernels: readonly string[];
  probe(emulated: Emulated | null): Probe;
  plan(call: Float64Array, device: object): { kernel: string }[];
  open(options: Options): NativeBackend;
}

export type Emulated = 'sm_90' | 'sm_80';

export type Probe =
  | { ok: true; driverVersion: number; devices: { ordinal: number; name: string; major: number }[] }
  | { ok: false; code: string; reason: string; found?: string };

export interface Options {
  device: number;
  stream: bigint | null;
  emulated: Emulated | null;
  stagingBytes?: number;
  memoryLimit?: number;
  pools?: boolean;
}

export interface NativeBackend {
  readonly device: string;
  readonly stream: bigint;
  readonly clusterBlocks: number;
  alloc(bytes: number): number;
  free(address: number): void;
  write(address: number, bytes: Uint8Array): void;
  read(address: number, into: Uint8Array, done: (error: (Error & { code: string }) | null) => void): number;
  cancel(ticket: number): void;
  launch(call: Float64Array): void;
  copy(from: number, to: number, bytes: number): void;
  keep(): void;
  inspect(address: bigint): { kind: string; device: number; base: bigint; bytes: number };
  beginCapture(): void;
  endCapture(): bigint;
  launchGraph(graph: bigint): void;
  disposeGraph(graph: bigint): void;
  mark(): number;
  elapsed(from: number, to: number): number;
  memory(): { reserved: number; used: number };
  inject(driverFunction: string, afterCalls: number, result: number): void;
  close(done: () => void): void;
}

export const addonPath: string = fileURLToPath(
  new URL(process.env.RMSNORM_CUDA_ADDON ?? '../dist/rmsnorm-cuda.node', import.meta.url),
);

const missing = existsSync(addonPath) ? null : `${addonPath} is not built: that needs nvcc and g++`;

/** Tests of the addon. Where it is not built they are one test that is skipped with the reason, or fails where RMSNORM_REQUIRE names cuda. */
export function describeAddon(name: string, body: (native: Native) => void): void {
  if (!missing) {
    const native: Native = createRequire(import.meta.url)(addonPath);
    describe(name, () => body(native));
    return;
  }
  test(name, ({ skip }) => {
    if ((process.env.RMSNORM_REQUIRE ?? '').split(',').includes('cuda')) throw new Error(missing);
    skip(missing);
  });
}

export const emulated: Options = { device: 0, stream: null, emulated: 'sm_90' };

export const closed = (backend: NativeBackend): Promise<void> => new Promise((resolve) => backend.close(resolve));

/** Opens a backend for a test, and closes it whatever happens. */
export async function withBackend(
  native: Native,
  options: Partial<Options>,
  body: (backend: NativeBackend) => Promise<void> | void,
): Promise<void> {
  const backend = native.open({ ...emulated, ...options });
  try {
    await body(backend);
  } finally {
    await closed(backend);
  }
}

/** The bytes at an address. */
export function bytesAt(backend: NativeBackend, address: number, bytes: number): Promise<Uint8Array> {
  const into = new Uint8Array(bytes);
  return new Promise((resolve, reject) => {
    backend.read(address, into, (error) => (error ? reject(error) : resolve(into)));
  });
}

/** `forward` of float32 rows [outer, size], without weights. */
export function forwardCall(native: Native, outer: number, size: number, x: number, y: number): Float64Array {
  const numbers: Record<string, number> = {
    ...{ op: 0, dtype: 0, outer, groups: 1, size, inner: 1, statSize: size },
    ...{ numerator: 1, sumFactor: 1 / size, epsUnderRoot: 1e-6, leastNorm: 0, clampedNorm: -1, leastSum: 0, alpha: 1 },
    ...{ x, y },
  };
  return Float64Array.from(native.fields, (field) => numbers[field] ?? 0);
}

/** Random bytes, the same each time. */
export function someBytes(count: number, seed = 1): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}
