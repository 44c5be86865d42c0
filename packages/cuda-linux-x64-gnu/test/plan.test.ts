import { expect, test } from 'vitest';
import { describeAddon, type Native, withBackend } from './native.ts';

interface Launch {
  readonly kernel: string;
  readonly gridX: number;
  readonly gridY: number;
  readonly threads: number;
  readonly sharedBytes: number;
  readonly cluster: number;
}

const OPS = ['forward', 'addForward', 'gatedForward', 'backward', 'sumSquares', 'scaleBy', 'forwardQuantized'];
const DTYPES = ['float32', 'float16', 'bfloat16'];
const DEVICES = {
  H200: { major: 9, minor: 0, multiprocessors: 132, sharedPerBlock: 232448, clusterBlocks: 8 },
  A100: { major: 8, minor: 0, multiprocessors: 108, sharedPerBlock: 166912, clusterBlocks: 1 },
};

/** [outer, groups, size, inner]: on either side of where the choice changes. */
const LAYOUTS = [
  ...[1, 64, 65, 128, 256, 257, 1024, 1025, 4096, 4097, 8192, 8193, 32768, 65536, 131072, 500000, 1000003].map(
    (size) => [100, 1, size, 1],
  ),
  ...[
    [65537, 1, 64, 1],
    [100, 8, 64, 1],
    [2, 1, 512, 4096],
    [2, 1, 512, 4095],
    [100, 1, 64, 4],
    [8, 4, 2000, 16],
    [3, 1, 7, 2],
  ],
] as const;

function callOf(native: Native, op: number, dtype: number, layout: readonly number[]): Float64Array {
  const [outer, groups, size, inner] = layout;
  const numbers: Record<string, number> = {
    op,
    dtype,
    outer: outer!,
    groups: groups!,
    size: size!,
    inner: inner!,
    statSize: size!,
  };
  // Addresses that are aligned to pages.
  for (const [i, field] of native.fields.slice(native.fields.indexOf('x')).entries())
    numbers[field] = (i + 1) * 2 ** 32;
  return Float64Array.from(native.fields, (field) => numbers[field] ?? 0);
}

const line = ({ kernel, gridX, threads, sharedBytes, cluster }: Launch): string =>
  `${kernel} ${gridX}x${threads}${sharedBytes ? ` shared ${sharedBytes}` : ''}${cluster > 1 ? ` cluster ${cluster}` : ''}`;

const launchesOf = (native: Native, op: number, dtype: number, layout: readonly number[]): Launch[] =>
  native.plan(callOf(native, op, dtype, layout), DEVICES.H200) as unknown as Launch[];

/** A line for each call: what is launched for it. */
function table(native: Native): string {
  const lines: string[] = [];
  for (const [device, attributes] of Object.entries(DEVICES)) {
    OPS.forEach((op, opIndex) => {
      DTYPES.forEach((dtype, dtypeIndex) => {
        for (const layout of LAYOUTS) {
          const launches = native.plan(callOf(native, opIndex, dtypeIndex, layout), attributes) as unknown as Launch[];
          lines.push(`${device} ${op} ${dtype} ${layout.join('x')}: ${launches.map(line).join(', ')}`);
        }
      });
    });
  }
  return `${lines.join('\n')}\n`;
}

describeAddon('the choice of kernels', (native) => {
  test('is the golden table', async () => {
    await expect(table(native)).toMatchFileSnapshot('plan.txt');
  });

  test('reaches every kernel, and names none that is not there', () => {
    const chosen = new Set(table(native).match(/\b[a-z]+_[a-z0-9_]+/g));
    expect([...chosen].toSorted()).toEqual([...native.kernels].toSorted());
    expect(native.kernels.length).toBeLessThanOrEqual(200);
  });

  test.each([
    ['a row of 2^31 elements', [1, 1, 2 ** 31, 1], /_split_|backward_wide/],
    ['2^31 groups', [1, 2 ** 31, 1, 1], /_short_/],
    ['2^36 rows', [2 ** 36, 1, 1, 1], /_short_/],
    ['2^30 + 1 pairs of columns', [2 ** 30 + 1, 1, 1, 2], /_columns_/],
    ['a row of 2^30 + 1 columns', [1, 1, 1, 2 ** 30 + 1], /_columns_/],
    ['2^31 slabs of 17 columns', [2 ** 31, 1, 3, 17], /_columns_/],
  ])('is made of %s', (_name, layout, kernel) => {
    OPS.forEach((_, op) => {
      for (const { kernel: chosen, gridX, gridY } of launchesOf(native, op, 0, layout)) {
        expect(chosen).toMatch(chosen === 'sum_partials' ? /./ : kernel);
        expect(gridX).toBeLessThan(2 ** 31);
        expect(gridY).toBeLessThan(2 ** 16);
        expect(gridX * gridY).toBeGreaterThan(0);
      }
    });
  });

  test('of backward asks for no more memory than its rows need', async () => {
    const [groups, size] = [3500, 8];
    const bytes = 4 * groups * size;
    await withBackend(native, { memoryLimit: 16 * bytes }, (backend) => {
      const call = callOf(native, OPS.indexOf('backward'), 0, [1, groups, size, 1]);
      for (const name of ['x', 'dy', 'gamma', 'dx', 'dgamma']) call[native.fields.indexOf(name)] = backend.alloc(bytes);
      for (const name of ['beta', 'dbeta', 'dsum', 'rstdIn']) call[native.fields.indexOf(name)] = 0;
      backend.launch(call);
    });
  });

  test('of rows does not depend on how many there are', () => {
    for (const size of [64, 1000, 5000, 70000]) {
      const kernels = [1, 2, 7, 65537].map((outer) => {
        return launchesOf(native, 0, 0, [outer, 1, size, 1]).map(({ kernel, threads, cluster }) => ({
          kernel,
          threads,
          cluster,
        }));
      });
      for (const other of kernels) expect(other).toEqual(kernels[0]);
    }
  });
});
