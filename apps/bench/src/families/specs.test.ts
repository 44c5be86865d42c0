import { expect, it } from 'vitest';
import { PEER_TARGETS, TARGETS } from '../spec.ts';
import { FAMILIES } from './peers.ts';
import { specs } from './specs.ts';

it('every id is there once', () => {
  const ids = specs(TARGETS).map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});

it('a family names only sizes that it has', () => {
  for (const { shapes, sixteenBit, endToEnd, chromium, webgpu } of FAMILIES) {
    const ids = shapes.map(({ id }) => id);
    for (const named of [sixteenBit, endToEnd, chromium, webgpu])
      expect(ids).toEqual(expect.arrayContaining([...named]));
  }
});

it('covers what people use, in Node and in a page', () => {
  const ids = specs(TARGETS).map(({ id }) => id);
  const [fewest, most] = [Math.min, Math.max].map((of) => of(...FAMILIES[0]!.shapes.map(({ layout }) => layout.size)));
  expect([fewest, most]).toEqual([64, 16384]);
  expect(ids).toEqual(
    expect.arrayContaining([
      'node/llm/resident/float32/8192x4096',
      'node/llm/end-to-end/float32/64x4096',
      'node/head-dim/resident/float32/16384x128',
      'node/channels-first/resident/float32/2x512x4x4',
      'node/channels-first/resident/bfloat16/2x512x64x64',
      'node/backward/resident/float32/4096x2048',
      'chromium/groups/resident/float32/512x1024/groups=8',
      'chromium-webgpu/llm/resident/float32/2048x1024',
    ]),
  );
  for (const target of PEER_TARGETS) {
    const families = new Set(specs([target]).map(({ family }) => family));
    expect(families.size).toBe(FAMILIES.length);
  }
});

it('--quick leaves out what is large, and threads reach every workload', () => {
  const quick = specs(['node'], { quick: true, threads: 2 });
  expect(quick.length).toBeGreaterThan(20);
  for (const { shape, threads } of quick) {
    expect(shape.elements).toBeLessThanOrEqual(4 * 2 ** 20);
    expect(threads).toBe(2);
  }
});

it('what a processor cannot do in time is for hardware', () => {
  const id = 'node-webgpu/llm/resident/float32/8192x4096';
  expect(specs(['node-webgpu']).some((spec) => spec.id === id)).toBe(false);
  expect(specs(['node-webgpu'], { adapter: 'hardware' }).some((spec) => spec.id === id)).toBe(true);
});

it("times forward in every dtype by the GPU's clock, and most operations in two", () => {
  const ids = specs(['gpu-clock'], { adapter: 'hardware' }).map(({ id }) => id);
  expect(ids).toHaveLength(3 * 12 + 4 * 2 * 3);
  expect(ids).toEqual(
    expect.arrayContaining([
      'gpu-clock/forward/resident/bfloat16/100001x63',
      'gpu-clock/backward/resident/float16/64x512x32x32',
    ]),
  );
  expect(specs(['gpu-clock']).length).toBeGreaterThan(0);
});

it('compares two threads with one unless told otherwise', () => {
  const threads = (given?: number) =>
    new Set(specs(['node', 'threads'], { threads: given ?? null }).map((s) => s.threads));
  expect(threads()).toEqual(new Set([1, 2]));
  expect(threads(3)).toEqual(new Set([3]));
  expect(specs(['threads'])).toHaveLength(3 * 15);
});
