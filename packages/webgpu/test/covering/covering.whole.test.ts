import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { whole } from '../../../../.ci/some-cases.ts';
import { cover, uncovered } from './cover.ts';
import { shadersOfCases } from './shaders-of-cases.ts';

const file = new URL('cases.txt', import.meta.url);

test('the cases of cases.txt cover all pairs of choices that shaders are made by', { timeout: 1_200_000 }, async () => {
  const shaders = await shadersOfCases();
  if (process.env.RMSNORM_UPDATE === '1') writeFileSync(file, `${cover(shaders).join('\n')}\n`);
  const cases = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  expect(
    [...uncovered(shaders, new Set(cases))],
    'choose anew: RMSNORM_WHOLE=1 RMSNORM_UPDATE=1 pnpm test --project webgpu covering',
  ).toEqual([]);
});

test('where files of this kind run, so do all cases', () => {
  expect(whole).toBe(true);
});
