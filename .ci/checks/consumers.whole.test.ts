import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { outcomeOf, packed } from '../consumers/consumers.ts';
import { CONSUMERS } from '../consumers/matrix.ts';
import type { Source } from '../consumers/project.ts';
import { temporaryFolder } from '../packed.ts';

// The part of `pnpm consumers` that failed once, and what is quick. A release requires all of it.
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let source: Source;

beforeAll(async () => {
  folder = await temporaryFolder('consumers');
  source = await packed(folder.dir);
});
afterAll(() => folder.remove());

test.each(CONSUMERS.filter(({ inCI }) => inCI).map((consumer, i) => [consumer.name, consumer, i] as const))(
  '%s',
  async (_, consumer, i) => {
    const { failure } = await outcomeOf(consumer, join(folder.dir, `consumer-${i}`), source);
    expect(failure).toBeNull();
  },
  300_000,
);
