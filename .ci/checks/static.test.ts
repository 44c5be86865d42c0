import { expect, test } from 'vitest';
import { pnpm, run } from '../run-program.ts';

const [command, ...args] = pnpm;

test.each([
  ['pnpm lint', 'most of it is repaired by: npx biome check --write .'],
  ['pnpm typecheck', 'of one package: npx tsc -p packages/NAME --noEmit'],
  [
    'pnpm exec knip --config .ci/knip.json',
    'delete what nothing uses, or list what is used in a way knip cannot see in .ci/knip.json',
  ],
])('%s', async (line, wayOut) => {
  const { code, output } = await run(command, [...args, ...line.split(' ').slice(1)]);
  expect.soft(code, `${output}\n\n${wayOut}`).toBe(0);
});
