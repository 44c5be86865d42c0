import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CONSUMERS } from '../consumers/matrix.ts';
import { outcomeOf } from '../consumers/outcome.ts';
import { versions } from '../consumers/source.ts';
import { LocalRegistry } from '../local-registry/local-registry.ts';
import { packAll, temporaryFolder } from '../packed.ts';

// The part of `pnpm consumers` that failed once, and what is quick. A release requires all of it.
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let registry: LocalRegistry;

beforeAll(async () => {
  folder = await temporaryFolder('consumers');
  registry = await LocalRegistry.start(folder.dir);
  await registry.publish(await packAll(folder.dir));
});
afterAll(async () => {
  await registry?.stop();
  await folder.remove();
});

test.each(CONSUMERS.filter(({ inCI }) => inCI).map((consumer, i) => [consumer.name, consumer, i] as const))(
  '%s',
  async (_, consumer, i) => {
    const source = { registry: registry.url, versions };
    const { failure } = await outcomeOf(consumer, join(folder.dir, `consumer-${i}`), source);
    expect(failure).toBeNull();
  },
  300_000,
);
