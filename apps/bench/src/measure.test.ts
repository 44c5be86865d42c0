import { expect, it } from 'vitest';
import { smallWorkload } from '../test/small-workload.ts';
import type { Candidate, Entrant, Outputs } from './candidate.ts';
import { measure } from './measure.ts';
import type { Method } from './method/method.ts';

const METHOD: Method = { rounds: 3, leastMs: 0, warmUpMs: 0, longestMs: 1000, limitMs: 10_000 };
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
  expect(outcomes.map(({ status }) => status)).toEqual(['timed', 'unable', 'unable', 'unable', 'timed']);
  expect(outcomes.map((outcome) => ('reason' in outcome ? outcome.reason : null))).toEqual([
    null,
    expect.stringMatching(/^its result is wrong: y: element 0 is /),
    'first line',
    'not today',
    null,
  ]);
  expect(cpuShare).toBeNull();
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
    reason: expect.stringMatching(/^one run takes \d+ ms: too long/),
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
