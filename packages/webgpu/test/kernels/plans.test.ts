import { describe, expect, test } from 'vitest';
import { forward } from '../../src/kernels/index.ts';
import { CAPABILITIES, everyPlan, operands, problem } from './problems.ts';

const DEVICES = {
  'subgroups of 32': CAPABILITIES,
  'subgroups of 8 to 32': { ...CAPABILITIES, subgroups: { least: 8, most: 32 } },
  'subgroups of 4': { ...CAPABILITIES, subgroups: { least: 4, most: 4 } },
  'no subgroups': { ...CAPABILITIES, subgroups: null },
};

describe.each(Object.entries(DEVICES))('plans for a device with %s', (_name, capabilities) => {
  const plans = everyPlan(capabilities);

  test('keep within the buffers and invocations of any device', () => {
    for (const { name, plan } of plans) {
      for (const { shader, bindings } of plan.dispatches) {
        expect(bindings.length, name).toBeLessThanOrEqual(8);
        const size = Number(/@workgroup_size\((\d+)\)/.exec(shader.code())![1]);
        expect(size, name).toBeLessThanOrEqual(256);
      }
    }
  });

  test('bind no buffer twice, and declare what they bind in the same order', () => {
    for (const { name, plan } of plans) {
      for (const { shader, bindings } of plan.dispatches) {
        const names = bindings.map(({ buffer, access }) => `${buffer} ${access}`);
        const declared = [...shader.code().matchAll(/var<storage, (\w+)> (\w+)/g)].map(
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
        const code = shader.code().replace(/var<storage, \w+> \w+/g, '');
        const unused = bindings.filter(({ buffer }) => !new RegExp(`\\b${buffer}\\[`).test(code));
        expect(unused, `${name}: ${shader.key}`).toEqual([]);
      }
    }
  });

  test('give one key to one shader', () => {
    const codes = new Map<string, string>();
    for (const { name, plan } of plans) {
      for (const { shader } of plan.dispatches) {
        const code = shader.code();
        expect(codes.get(shader.key) ?? code, `${name}: ${shader.key}`).toBe(code);
        codes.set(shader.key, code);
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
