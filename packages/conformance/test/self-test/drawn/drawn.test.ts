import { describe, expect, test } from 'vitest';
import { createRandom, listCases, type Report, runConformance } from '../../../src/index.ts';
import { refusalsIn } from '../correct/expect-to-pass.ts';
import { providerOf } from '../provider.ts';
import { describeDriver, drawnDriver } from './drawn-driver.ts';

/** In a long run, on the command line: how many drivers, from which seed on. */
const LONG = Number(process.env.RMSNORM_DRAWN_DRIVERS ?? 0);
const FIRST = Number(process.env.RMSNORM_DRAWN_FROM ?? 1);
const COUNT = LONG || 10;

/** How many cases a driver runs, others for each. */
const CASES = LONG > 0 ? listCases().length / 3 : 1000;

describe('right drivers that are drawn at random pass', () => {
  const seeds = Array.from({ length: COUNT }, (_, i) => FIRST + i);

  test.for(seeds)('driver %d', { timeout: 600_000 }, async (seed) => {
    const report = await run(seed);
    const refusals = refusalsIn(report).map(({ id, message }) => `${id}: ${message}`);
    expect(refusals, `refused, though it is right: ${describeDriver(seed)}`).toEqual([]);
    expect(report.passed).toBeGreaterThan(0);
  });
});

// A sum of squares rounded to a subnormal; y / scale near a half within the error of y.
test.for([
  [47, 'sumSquares/plan:dtype=bfloat16,layout=grouped-rows,shape=1x262146,rows=small,place=fresh'],
  [164, 'forwardQuantized/options:beta=some,dtype=bfloat16,shape=5x130'],
] as const)('driver %d, which %s refused once, passes', async ([seed, id]) => {
  const report = await run(seed, new Set([id]));
  expect(refusalsIn(report)).toEqual([]);
  expect(report.passed).toBe(1);
});

function run(seed: number, taken: ReadonlySet<string> = casesOf(seed)): Promise<Report> {
  const provider = providerOf(() => drawnDriver(seed));
  return runConformance(provider, { filter: (id) => taken.has(id) });
}

/** A selection for this driver: the manifest, and others by chance. */
function casesOf(seed: number): ReadonlySet<string> {
  const random = createRandom(seed, 'cases');
  const cases = listCases();
  const share = Math.min(1, CASES / cases.length);
  return new Set(cases.flatMap(({ id }) => (id.startsWith('supports/') || random.uniform() < share ? id : [])));
}
