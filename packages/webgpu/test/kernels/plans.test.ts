import { describe, expect, test } from 'vitest';
import { plan } from '../../src/kernels/index.ts';
import type { Shader } from '../../src/plan.ts';
import { CAPABILITIES, everyPlan, operands, problem } from './problems.ts';

const { backward, forward, forwardQuantized, scaleBy, sumSquares } = plan;

const DEVICES = {
  'subgroups of 32': CAPABILITIES,
  'subgroups of 8 to 32': { ...CAPABILITIES, subgroups: { least: 8, most: 32 } },
  'subgroups of 4': { ...CAPABILITIES, subgroups: { least: 4, most: 4 } },
  'no subgroups': { ...CAPABILITIES, subgroups: null },
};

describe.each(Object.entries(DEVICES))('plans for a device with %s', (_name, capabilities) => {
  const plans = everyPlan(capabilities);
  const codes = new Map<string, string>();

  /** A shader's text, made once for each key: that one key has one text is a test of its own. */
  const codeOf = ({ key, code }: Shader): string => {
    const text = codes.get(key) ?? code();
    codes.set(key, text);
    return text;
  };

  test('keep within the buffers and invocations of any device', () => {
    for (const { name, plan } of plans) {
      for (const { shader, bindings } of plan.dispatches) {
        expect(bindings.length, name).toBeLessThanOrEqual(8);
        const size = Number(/@workgroup_size\((\d+)\)/.exec(codeOf(shader))![1]);
        expect(size, name).toBeLessThanOrEqual(256);
      }
    }
  });

  test('bind no buffer twice, and declare what they bind in the same order', () => {
    for (const { name, plan } of plans) {
      for (const { shader, bindings } of plan.dispatches) {
        const names = bindings.map(({ buffer, access }) => `${buffer} ${access}`);
        const declared = [...codeOf(shader).matchAll(/var<storage, (\w+)> (\w+)/g)].map(
          ([, access, b]) => `${b} ${access}`,
        );
        expect(declared, name).toEqual(names);
        expect(new Set(bindings.map(({ buffer }) => buffer)).size, name).toBe(names.length);
      }
    }
  });

  test('use what they bind: a layout that follows from the shader lacks what it does not use', () => {
    for (const { name, plan } of plans) {
      for (const { shader, bindings } of plan.dispatches) {
        const code = codeOf(shader).replace(/var<storage, \w+> \w+/g, '');
        const unused = bindings.filter(({ buffer }) => !new RegExp(`\\b${buffer}\\[`).test(code));
        expect(unused, `${name}: ${shader.key}`).toEqual([]);
      }
    }
  });

  test('add up columns of 16 bits by teams of one width, whether these share words or not', () => {
    for (const size of [8, 100, 1024, 1025, 4100, 8193]) {
      const widths = [3, 4, 6].map((inner) => {
        const p = problem({ size, inner, dtype: 'float16' });
        return [
          forward(p, operands(['x', 'y']), capabilities),
          backward(p, operands(['x', 'dy', 'dx']), capabilities),
          sumSquares(p, operands(['x', 'sums']), capabilities),
          forwardQuantized({ ...p, scale: null }, operands(['x', 'q', 'scales']), capabilities),
        ].map(({ dispatches }) => /,(?:invocation|shared)(\d+)x/.exec(dispatches[0]!.shader.key)![1]);
      });
      expect(widths, `${size} features`).toEqual(Array(3).fill(widths[0]));
    }
  });

  test('give one key to one shader', () => {
    for (const { name, plan } of plans) {
      for (const { shader } of plan.dispatches) {
        // Not by `expect`, which is slow.
        if (shader.code() !== codeOf(shader)) throw new Error(`${name} has another text: ${shader.key}`);
      }
    }
  });
});

describe('a forward', () => {
  const given = operands(['x', 'gamma', 'y']);

  test.each([
    [{ size: 64 }, 1],
    [{ size: 65535 }, 1],
    [{ size: 65536 }, 2],
    [{ size: 512, inner: 16 }, 1],
    [{ size: 33, dtype: 'bfloat16' as const }, 1],
    [{ size: 33, inner: 4, dtype: 'float16' as const }, 1],
  ])('of %o takes %i dispatches', (layout, count) => {
    expect(forward(problem(layout), given, CAPABILITIES).dispatches).toHaveLength(count);
  });

  test('of narrow rows has many of them in a workgroup', () => {
    const [dispatch] = forward(problem({ outer: 100_000, size: 64 }), given, CAPABILITIES).dispatches;
    expect(dispatch!.workgroups).toEqual([Math.ceil(100_000 / 64), 1, 1]);
  });

  test('runs the same shader however many rows there are', () => {
    const keys = [1, 3, 70_000].map(
      (outer) => forward(problem({ outer, size: 1000 }), given, CAPABILITIES).dispatches[0]!.shader.key,
    );
    expect(new Set(keys).size).toBe(1);
  });

  test('beyond a binding is done in parts that start where bindings may', () => {
    const limits = { ...CAPABILITIES.limits, maxStorageBufferBindingSize: 100_000 };
    const p = problem({ outer: 1000, size: 123 });
    const { dispatches } = forward(p, given, { ...CAPABILITIES, limits });
    const parts = dispatches.map(({ bindings }) => bindings.find(({ buffer }) => buffer === 'y')!);
    let end = 0;
    for (const { offset = 0, size = 0 } of parts) {
      expect(offset).toBe(end);
      expect(offset % 256).toBe(0);
      expect(size).toBeLessThanOrEqual(100_000);
      end = offset + size;
    }
    expect(end).toBe(1000 * 123 * 4);
  });

  test('of a row beyond a binding is refused with the name of the limit', () => {
    const limits = { ...CAPABILITIES.limits, maxStorageBufferBindingSize: 1024 };
    expect(() => forward(problem({ size: 1000 }), given, { ...CAPABILITIES, limits })).toThrow(
      /RMSNORM_UNSUPPORTED: .*maxStorageBufferBindingSize is 1024/,
    );
  });
});

test('forwardQuantized beyond a binding is done in parts of whole rows of groups, whatever their number', () => {
  const limits = { ...CAPABILITIES.limits, maxStorageBufferBindingSize: 300_000 };
  for (const groups of [1, 3, 7, 49]) {
    const p = { ...problem({ outer: 30_001, groups, size: 5 }), scale: null };
    const { dispatches } = forwardQuantized(p, operands(['x', 'q', 'scales']), { ...CAPABILITIES, limits });
    for (const [name, bytes] of [
      ['x', groups * 5 * 4],
      ['q', groups * 5],
      ['scales', 4],
    ] as const) {
      let end = 0;
      for (const { bindings } of dispatches) {
        const { offset = 0, size = 0 } = bindings.find(({ buffer }) => buffer === name)!;
        expect(offset, `${name} of ${groups} groups`).toBe(end);
        expect(offset % 256).toBe(0);
        expect(size).toBeLessThanOrEqual(300_000);
        end = offset + size;
      }
      expect(end).toBe(Math.ceil((30_001 * bytes) / 4) * 4);
    }
  }
});

describe('how many dispatches an operation takes', () => {
  const gradient = (names: readonly string[]) => operands(['x', 'gamma', 'dy', 'dx', ...names]);

  test.each([
    [{ size: 64 }, 2, 1],
    [{ size: 8192 }, 2, 1],
    [{ size: 1000, groups: 3, dtype: 'float16' as const }, 2, 1],
    // Rows that share words, of one group of features, and of two at once.
    [{ size: 33, dtype: 'float16' as const }, 2, 1],
    [{ size: 8191, groups: 2, dtype: 'bfloat16' as const }, 2, 1],
    [{ size: 33, groups: 3, dtype: 'float16' as const }, 2, 1],
    [{ size: 512, inner: 16 }, 2, 1],
    [{ size: 1024, inner: 6, dtype: 'bfloat16' as const }, 2, 1],
    [{ size: 1025, inner: 16 }, 2, 1],
    [{ size: 8192, inner: 6, dtype: 'float16' as const }, 2, 1],
    // By the section, whose sums come first.
    [{ size: 8193 }, 3, 2],
    [{ size: 65_540, dtype: 'float16' as const }, 3, 2],
    // Columns that share words, or are too long to be held: the statistics come first, sums over rows by the feature.
    [{ size: 512, inner: 3, dtype: 'float16' as const }, 2, 2],
    [{ size: 8193, inner: 16 }, 2, 2],
    [{ size: 64, inner: 2401, dtype: 'float16' as const }, 3, 2],
    // Features share words too, or a row that shares words is too long to be held.
    [{ size: 3, inner: 225, dtype: 'float16' as const }, 4, 2],
    [{ size: 8193, dtype: 'float16' as const }, 4, 2],
    // Its sums by the section, then all of them.
    [{ size: 65_537, dtype: 'float16' as const }, 5, 3],
  ])('backward of %o: %i; %i without sums over rows', (layout, count, without) => {
    const p = problem({ outer: 100, ...layout });
    expect(backward(p, gradient(['dgamma', 'dbeta']), CAPABILITIES).dispatches).toHaveLength(count);
    expect(backward(p, gradient([]), CAPABILITIES).dispatches).toHaveLength(without);
  });

  test('rows of backward that share words are split over workgroups from 65,536 features on', () => {
    const p = problem({ outer: 2, size: 65_537, dtype: 'bfloat16' });
    const [sections] = backward(p, gradient(['dgamma']), CAPABILITIES).dispatches;
    expect(sections!.workgroups).toEqual([2 * Math.ceil(65_537 / 8192), 1, 1]);
  });

  test.each([
    [{ size: 64 }, 1],
    [{ size: 8191 }, 1],
    [{ size: 33, dtype: 'float16' as const }, 1],
    [{ size: 1024, inner: 3, dtype: 'float16' as const }, 1],
    [{ size: 8193 }, 1],
    [{ size: 64, groups: 2 }, 1],
    [{ size: 4096, groups: 32 }, 1],
    [{ size: 33, groups: 3, dtype: 'float16' as const }, 1],
    [{ size: 2048, inner: 16 }, 1],
    [{ size: 64, groups: 3, inner: 5, dtype: 'bfloat16' as const }, 1],
    // Split over workgroups: the sums, the largest |y| where no scale is given, q.
    [{ size: 65_536 }, 3],
    [{ size: 65_537, groups: 3, dtype: 'float16' as const }, 3],
  ])('forwardQuantized of %o: %i, of long rows one less where the scale is given', (layout, count) => {
    for (const scale of [null, 0.5]) {
      const { dispatches } = forwardQuantized(
        { ...problem(layout), scale },
        operands(['x', 'q', 'scales']),
        CAPABILITIES,
      );
      expect(dispatches).toHaveLength(scale !== null && count > 1 ? count - 1 : count);
    }
  });

  test.each([
    [{ size: 65_535 }, 1, 1],
    [{ size: 65_536 }, 2, 1],
    [{ size: 65_537, dtype: 'float16' as const }, 2, 2],
  ])('sumSquares of %o: %i, scaleBy: %i', (layout, sums, scaled) => {
    const p = problem(layout);
    expect(sumSquares(p, operands(['x', 'sums']), CAPABILITIES).dispatches).toHaveLength(sums);
    const plan = scaleBy({ ...p, count: p.size }, operands(['x', 'sums', 'y']), CAPABILITIES);
    expect(plan.dispatches).toHaveLength(scaled);
    // A workgroup for each section of a row, however many rows there are.
    const least = p.size < 65_536 ? 1 : 9;
    expect(plan.dispatches.at(-1)!.workgroups[0]).toBeGreaterThanOrEqual(Math.min(least, 3 * Math.ceil(p.size / 8192)));
  });
});

describe('how often an element is read', () => {
  /** Loads of `name` in the text of the kernel's first pass over a row, before the second statistic or any store. */
  const loads = (code: string, name: string): number =>
    [...code.slice(code.indexOf('fn main')).matchAll(new RegExp(`load_${name}\\(|norm_input\\(`, 'g'))].length;

  test.each([
    { size: 64 },
    { size: 8192 },
    { size: 8191, dtype: 'float16' as const },
    { size: 1024, inner: 4 },
    { size: 9, inner: 4 },
  ])('once in a tile that is kept in registers: %o', (layout) => {
    const p = problem(layout);
    const { shader } = forward(p, operands(['x', 'gamma', 'y']), CAPABILITIES).dispatches[0]!;
    expect(shader.key).toMatch(/^resident:/);
    const steps = Number(/,(\d+)[a-z]*,gamma/.exec(shader.key)![1]);
    expect(loads(shader.code(), 'x')).toBe(steps);
  });
});

describe.each([
  [4, 4],
  [4, 32],
  [8, 8],
  [8, 32],
  [16, 16],
  [32, 32],
  [64, 64],
])('barriers of a row with subgroups of %i to %i', (least, most) => {
  const capabilities = { ...CAPABILITIES, subgroups: { least, most } };

  /** Of a function's text: workgroupUniformLoad holds one before and one after. */
  const barriers = (code: string): number =>
    code.split('workgroupBarrier()').length - 1 + 2 * (code.split('workgroupUniformLoad(').length - 1);
  const body = (code: string, name: string): string => {
    const from = code.indexOf(`fn ${name}(`);
    expect(from, name).toBeGreaterThan(-1);
    return code.slice(from, code.indexOf('\n}', from) + 1 || undefined);
  };

  test.each([64, 127, 512, 1024, 4096, 4097, 8192, 20_000])(
    'at most 2 in plain rows of forward: %i features',
    (size) => {
      const { dispatches } = forward(problem({ size }), operands(['x', 'gamma', 'y']), capabilities);
      expect(dispatches).toHaveLength(1);
      const code = dispatches[0]!.shader.code();
      // What a plain row runs: main up to where a row is done again on scaled values.
      const main = code.slice(code.indexOf('fn main('));
      const plain = main.slice(0, main.indexOf('rescaled('));
      expect(plain.split('team_sum(').length - 1).toBe(1);
      const line = (name: string): string => /^.*$/m.exec(code.slice(code.indexOf(`fn ${name}(`)))![0];
      const of = (name: string): string => (line(name).endsWith('}') ? line(name) : body(code, name));
      expect(barriers(of('team_sum')) + barriers(of('team_any')) + barriers(main)).toBeLessThanOrEqual(2);
    },
  );
});
