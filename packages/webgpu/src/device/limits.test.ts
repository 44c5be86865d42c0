import { expect, test } from 'vitest';
import type { Binding, Plan } from '../plan.ts';
import { checkLimits } from './limits.ts';

const LIMITS = { maxBufferSize: 4096, maxStorageBufferBindingSize: 1024, minUniformBufferOffsetAlignment: 256 };

function planOf(bindings: readonly Omit<Binding, 'access'>[], scratch: Plan['scratch'] = []): Plan {
  const shader = { key: 'none', code: () => '' };
  const bound = bindings.map((binding): Binding => ({ ...binding, access: 'read' }));
  return { scratch, dispatches: [{ shader, bindings: bound, uniforms: null, workgroups: [1, 1, 1] }] };
}

const check = (plan: Plan, bytes = 0): void => checkLimits('backward', plan, () => bytes, LIMITS);

test('what fits, whole or in part, is taken', () => {
  check(planOf([{ buffer: 'x', offset: 256, size: 1024 }, { buffer: 'gamma' }]), 1024);
  check(planOf([{ buffer: 'partials' }], [{ name: 'partials', bytes: 1024 }]), 4096);
  check(planOf([{ buffer: 'r', offset: 3072 }], [{ name: 'r', bytes: 4096 }]));
  check(planOf([{ buffer: 'x', offset: 3072 }]), 4096);
});

test.each([
  ['an operand', planOf([{ buffer: 'dgamma' }]), 'dgamma', 1028],
  ['a part of one', planOf([{ buffer: 'x', size: 1028 }]), 'x', 1028],
  ['sums between dispatches', planOf([{ buffer: 'partials' }], [{ name: 'partials', bytes: 2048 }]), 'partials', 2048],
])('a binding of %s that is too large is UNSUPPORTED, with the limit', (_, plan, buffer, bytes) => {
  expect(() => check(plan, 1028)).toThrow(
    `RMSNORM_UNSUPPORTED: backward needs ${buffer} in one binding of ${bytes} bytes, the device's maxStorageBufferBindingSize is 1024: use`,
  );
});

test('a buffer between dispatches that is too large is OUT_OF_MEMORY, with the limit', () => {
  const plan = planOf([{ buffer: 'r', size: 1024 }], [{ name: 'r', bytes: 8192 }]);
  expect(() => check(plan)).toThrow(
    "RMSNORM_OUT_OF_MEMORY: backward needs a buffer of 8192 bytes between its dispatches (r), the device's maxBufferSize is 4096: normalize fewer",
  );
});
