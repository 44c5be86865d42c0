import { expect, it, vi } from 'vitest';
import { smallWorkload } from '../test/small-workload.ts';
import type { Candidate, Entrant, Outputs } from './candidate.ts';
import { measure } from './measure.ts';
import type { Method } from './method/method.ts';

const METHOD: Method = { rounds: 3, leastMs: 0, warmUpMs: 0, turnsMs: 1000, longestMs: 1000, limitMs: 10_000 };
const work = smallWorkload('forward');

function entrant(name: Entrant['name'], over: Partial<Candidate> = {}): Entrant {
  const result = async (): Promise<Outputs> => ({ y: work.expected.y!.values });
  return { name, does: 'norm', about: '', create: async () => ({ run: () => {}, result, dispose: () => {}, ...over }) };
}

const failing = async (): Promise<never> => {
  throw new Error('first line\nsecond line');
};

it('times who is right, and names who is not, with the reason', async () => {
  const unable: Entrant = { ...entrant('jax-wasm'), create: async () => ({ unable: 'not today' }) };
  const { outcomes, cpuShare } = await measure(
    work,
    [
      entrant('rmsnorm-wasm'),
      entrant('tfjs-wasm', { result: async () => ({ y: work.inputs.x }) }),
      entrant('onnxruntime-wasm', { run: failing }),
      unable,
      entrant('plain-js'),
    ],
    METHOD,
    { cpuClock: null },
  );
  expect(outcomes.map(({ status }) => status)).toEqual(['timed', 'timed', 'unable', 'unable', 'timed']);
  expect(outcomes.map((outcome) => ('reason' in outcome ? outcome.reason : null))).toEqual([
    null,
    null,
    'first line',
    'not today',
    null,
  ]);
  expect(outcomes.map((outcome) => ('mistake' in outcome ? outcome.mistake : null))).toEqual([
    null,
    expect.stringMatching(/^its result is wrong: y: element \d+ is .*; 16 of 16 are wrong, in 2 of 2 rows$/),
    null,
    null,
    null,
  ]);
  expect(cpuShare).toBeNull();
});

it('does not time whose result is not there, or too short', async () => {
  const { outcomes } = await measure(
    work,
    [
      entrant('rmsnorm-wasm'),
      entrant('tfjs-wasm', { result: async () => ({}) }),
      entrant('plain-js', { result: async () => ({ y: work.expected.y!.values.slice(1) }) }),
    ],
    METHOD,
    { cpuClock: null },
  );
  expect(outcomes.slice(1)).toMatchObject([
    { status: 'unable', reason: 'its result is wrong: y: is missing' },
    { status: 'unable', reason: 'its result is wrong: y: 15 elements, not 16' },
  ]);
});

it('gives who is slow fewer turns, and nobody more than ours', async () => {
  let ms = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => ms);
  const taking = (cost: number): Partial<Candidate> => ({
    run: (count) => {
      ms += cost * count;
    },
  });
  const turns = async (ours: number): Promise<unknown[]> => {
    const entrants = [
      entrant('rmsnorm-wasm', taking(ours)),
      entrant('tfjs-cpu', taking(40)),
      entrant('plain-js', taking(1)),
    ];
    const method = { ...METHOD, rounds: 11, leastMs: 1, turnsMs: 160 };
    const { rounds, outcomes } = await measure(work, entrants as [Entrant, ...Entrant[]], method, { cpuClock: null });
    return [rounds, ...outcomes.map((outcome) => 'turns' in outcome && [outcome.turns, outcome.ratio.median])];
  };
  expect(await turns(1)).toEqual([11, [11, 1], [4, 40], [11, 1]]);
  expect(await turns(20)).toEqual([8, [8, 1], [4, 2], [8, 1 / 20]]);
  expect(await turns(80)).toEqual([3, [3, 1], [3, 0.5], [3, 1 / 80]]);
  clock.mockRestore();
});

it('leaves out who takes too long for one run', async () => {
  const run = () => new Promise<void>((resolve) => setTimeout(resolve, 30));
  const { outcomes } = await measure(
    work,
    [entrant('rmsnorm-wasm'), entrant('tfjs-cpu', { run })],
    { ...METHOD, longestMs: 10 },
    { cpuClock: null },
  );
  expect(outcomes[1]).toMatchObject({
    status: 'unable',
    reason: expect.stringMatching(/^one run takes \d+ ms: too long for 3 rounds \(10 ms\)$/),
  });
});

it('ends the run where ours is wrong, and frees everybody', async () => {
  let freed = 0;
  const dispose = () => void freed++;
  const wrong = entrant('rmsnorm-wasm', { dispose, result: async () => ({ y: work.inputs.x }) });
  await expect(measure(work, [entrant('plain-js', { dispose }), wrong], METHOD, { cpuClock: null })).rejects.toThrow(
    'rmsnorm-wasm at node/forward/resident/float32/2x8: its result is wrong',
  );
  expect(freed).toBe(2);
});

it('says nobody can where nobody can', async () => {
  const unable: Entrant = { ...entrant('rmsnorm-webgpu'), create: async () => ({ unable: 'no adapter' }) };
  await expect(measure(work, [unable], METHOD, { cpuClock: null })).rejects.toThrow(
    'nobody can do node/forward/resident/float32/2x8: no adapter',
  );
});
