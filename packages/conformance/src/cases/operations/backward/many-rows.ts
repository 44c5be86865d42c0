import { FLOAT_DTYPES, type FloatDType } from '@rmsnorm/core';
import type { Case } from '../../../case/case.ts';
import { constant, heavyTailed } from '../../../inputs/distributions.ts';
import { BACKWARD, type BackwardSpec } from '../../../operations/backward.ts';
import { operationCase } from '../../../operations/run-call.ts';

/** More rows than a chain of float32 additions can take: with terms of one sign its errors add up. */
const ROWS: readonly { name: string; spec: BackwardSpec; dtypes: readonly FloatDType[] }[] = [
  { name: '65537x5', spec: { shape: [65537, 5], options: { dim: 5, axis: -1 } }, dtypes: FLOAT_DTYPES },
  { name: '8193x64', spec: { shape: [8193, 64], options: { dim: 64, axis: -1 } }, dtypes: ['float32'] },
  { name: '4100x2x3,groups=2', spec: { shape: [4100, 6], options: { dim: 6, groups: 2 } }, dtypes: ['float32'] },
  { name: '1x3x65537', spec: { shape: [1, 3, 65537], options: { dim: 3 } }, dtypes: FLOAT_DTYPES },
  { name: '300x4x129', spec: { shape: [300, 4, 129], options: { dim: 4 } }, dtypes: ['float32'] },
  { name: '1000003x1', spec: { shape: [1_000_003, 1], options: { dim: 1, axis: -1 } }, dtypes: ['float32'] },
];

const OF_ONE_SIGN: Readonly<Record<string, Partial<BackwardSpec>>> = {
  constant: { x: constant, dy: constant },
  heavy: { x: heavyTailed, dy: (random, count) => heavyTailed(random, count).map(Math.abs) },
};

/** dgamma and dbeta over up to a million rows. */
export const manyRowCases: readonly Case[] = Object.entries(OF_ONE_SIGN).flatMap(([terms, draw]) =>
  ROWS.filter(({ name }) => terms === 'constant' || !name.startsWith('1000003')).flatMap(({ name, spec, dtypes }) =>
    (terms === 'constant' ? dtypes : (['float32'] as const)).map((dtype) =>
      operationCase(`backward/many-rows:terms=${terms},dtype=${dtype},shape=${name}`, BACKWARD, {
        ...spec,
        ...draw,
        dtype,
        beta: true,
        lookAt: 'dgamma and dbeta are summed pairwise or with compensation: the error grows with the log of the rows',
      }),
    ),
  ),
);
