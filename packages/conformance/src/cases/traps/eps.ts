import { cycle } from '../../inputs/distributions.ts';
import type { ForwardSpec } from '../../operations/forward-spec.ts';
import { last, type Trap, type Traps } from './trap.ts';

/** Which scale, which eps, and where it stands. */
export const EPS_TRAPS: Traps = {
  'scale-is-sqrt-of-size': {
    shape: [1, 2],
    options: { ...last(2), eps: 0 },
    x: cycle([3, 4]),
    gamma: null,
    y: [0.848528, 1.131371],
    within: 1e-6,
    lookAt: 'x / norm2(x) is multiplied by sqrt(size), not by its inverse',
  },
  ...epsTraps(),
};

/** A constant row of 1e-4 tells which eps is used, and where. */
function epsTraps(): Record<string, Trap> {
  const expected: readonly (readonly [name: string, options: Partial<ForwardSpec['options']>, y: number])[] = [
    ['1e-12', { eps: 1e-12 }, 0.99995],
    ['1e-8', { eps: 1e-8 }, Math.SQRT1_2],
    ['2^-23', { eps: 2 ** -23 }, 0.278197],
    ['1e-6', { eps: 1e-6 }, 0.0995037],
    ['1e-6-by-default', {}, 0.0995037],
    ['1e-5', { eps: 1e-5 }, 0.031607],
    ['clamp', { epsMode: 'clamp', eps: 1e-8 }, 1],
  ];
  return Object.fromEntries(
    expected.map(([name, options, y]): [string, Trap] => [
      `eps-${name}`,
      {
        shape: [1, 16],
        options: { ...last(16), ...options },
        x: cycle([1e-4]),
        gamma: null,
        y: Array(16).fill(y),
        within: 2e-6,
        lookAt: 'eps stands inside the root; added to the RMS, 1e-8 would give .99990',
      },
    ]),
  );
}
