import { expect, it } from 'vitest';
import { smallSpec } from '../../test/small-specs.ts';
import type { Stage } from '../measure.ts';
import type { Method } from '../method/method.ts';
import type { WorkloadResult } from '../results.ts';
import { rows } from '../shapes.ts';
import { type Bench, type Excluded, watchedRunner } from './watched.ts';

const METHOD: Method = { rounds: 1, leastMs: 0, warmUpMs: 0, turnsMs: 0, longestMs: 0, limitMs: 10_000 };
const RESULT = { id: 'done' } as WorkloadResult;

const spec = (size: number) =>
  smallSpec({
    target: 'node',
    family: '',
    place: 'resident',
    dtype: 'float32',
    op: 'forward',
    shape: rows(1, size),
    threads: 1,
  });

/** Benches that hang at who is not left out of them, and what each of them was told. */
function simulated(hangsAt: readonly Stage['at'][]) {
  const told: Excluded[] = [];
  let open = 0;
  let ended = 0;
  const runner = watchedRunner(async (onStage): Promise<Bench> => {
    open++;
    return {
      legend: {},
      engine: '',
      ended: new Promise(() => {}),
      end: async () => void ended++,
      measure: async (_, __, without) => {
        told.push(without);
        const at = hangsAt.find((name) => !(name in without));
        if (at === undefined) return RESULT;
        onStage({ at, atMostMs: 10 });
        return new Promise(() => {});
      },
    };
  });
  return { runner, told, counts: () => ({ open, ended }) };
}

it('leaves out who does not come back, each in a fresh process', async () => {
  const { runner, told, counts } = simulated(['tfjs-cpu', 'jax-wasm']);
  expect(await (await runner).measure(spec(8), METHOD)).toBe(RESULT);
  const stopped = 'stopped after 0.01 s without an end';
  expect(told).toEqual([{}, { 'tfjs-cpu': stopped }, { 'tfjs-cpu': stopped, 'jax-wasm': stopped }]);
  expect(counts()).toEqual({ open: 3, ended: 2 });
});

it('does not try who was stopped twice again', async () => {
  const { runner, told } = simulated(['tfjs-cpu']);
  for (const size of [8, 16, 32]) await (await runner).measure(spec(size), METHOD);
  expect(told).toHaveLength(5);
  const stopped = 'stopped after 0.01 s without an end';
  expect(told.at(-1)).toEqual({ 'tfjs-cpu': `not tried again: ${stopped} (1x8); ${stopped} (1x16)` });
});

it.each(['rmsnorm-wasm', 'simd-copy', 'the rounds'] as const)(
  'fails where it is %s, and goes on after it',
  async (at) => {
    const { runner, told, counts } = simulated([at]);
    const started = await runner;
    for (const size of [8, 16]) {
      await expect(started.measure(spec(size), METHOD)).rejects.toThrow(`${at}: stopped after 0.01 s without an end`);
    }
    expect(told).toEqual([{}, {}]);
    expect(counts()).toEqual({ open: 2, ended: 2 });
  },
);
