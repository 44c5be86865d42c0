import { type BackendProvider, reference } from '@rmsnorm/core';
import { expect, test } from 'vitest';
import { OperationsDriver } from '../../test/self-test/operations-driver.ts';
import { providerOf } from '../../test/self-test/provider.ts';
import { listCases } from '../cases/list.ts';
import { explainCase } from './explain.ts';
import { explanationJson, formatExplanation } from './format-explanation.ts';
import { promisesOf } from './promises.ts';

test('the contract says something about every family of cases', () => {
  const silent = listCases(undefined, 'thorough').filter(({ id }) => promisesOf(id).length === 0);
  expect(silent.map(({ id }) => id)).toEqual([]);
  expect(promisesOf('forward/extremes:x=max,shape=3x5')[0]).toContain("promise 'extremes'");
});

const ID = 'forward/axis:dim=5,axis=1,shape=3x5';

/** Adds to eps, so that every row is off. */
class WrongEps extends OperationsDriver {
  override inverseRoot(...[p, sum, scale]: Parameters<OperationsDriver['inverseRoot']>): number {
    return super.inverseRoot({ ...p, eps: p.eps + 0.01 }, sum, scale);
  }
}

const wrong: BackendProvider = providerOf(() => new WrongEps());

test('a case that fails: its inputs, its call, what came out and what should have', async () => {
  const explanation = await explainCase(wrong, ID, { seed: 3 });
  const { result, calls, compared, withoutCalls } = explanation;
  expect(result).toMatchObject({ id: ID, status: 'fail' });
  expect(withoutCalls).toBeNull();
  expect(calls).toHaveLength(1);
  const [x, gamma, y] = calls[0]!.operands;
  expect([x!.name, x!.role, x!.dtype, x!.shape]).toEqual(['x', 'input', 'float32', [3, 1, 5, 1]]);
  expect(gamma!.shape).toEqual([1, 5]);
  expect(Array.from(y!.values!)).toEqual(compared[0]!.got);
  // What is expected follows from what the driver was given.
  const values = Array.from(x!.values!).slice(0, 5);
  const r = 1 / Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / 5 + 1e-6);
  for (let i = 0; i < 5; i++) expect(compared[0]!.expected[i]).toBeCloseTo(values[i]! * r * gamma!.values![i]!, 12);

  const text = formatExplanation(explanation);
  expect(text).toContain(`${ID}, operations (one loop on the CPU), seed 3: fail\n\n  15 of 15 elements of y are wrong`);
  expect(text).toContain('  rmsNorm(x, { dim: 5, axis: -1, gamma }), x of shape [3, 5]\n');
  expect(text).toContain('    driver.forward({ outer: 3, groups: 1, size: 5, inner: 1, ');
  expect(text).toMatch(/ {4}x {8}input {2}float32 {2}\[3, 1, 5, 1\]: -?\d\S*, .*, \.\.\. \(15\)\n/);
  expect(text).toMatch(/ {2}y, \[3, 5\], 15 elements, bound 4 ulp\n {4}\[0, 0\] +expected -?\d\S* +got -?\d/);
  const all = JSON.parse(explanationJson(explanation));
  expect(all.calls[0].operands[0].values).toHaveLength(15);
});

test.each([
  [
    'backward/given-rstd',
    /rmsNormBackward\(x, dy, \{ dim: \d+, .*gamma.*rstd.*\}\)/,
    ['x', 'gamma', 'dy', 'rstd', 'dx', 'dgamma'],
  ],
  ['forwardQuantized/given-scale', /rmsNormQuantized\(x, \{ .*quantScale: \d/, ['q', 'scales']],
  ['scaleBy/values', /scaleBy\(x, sums, \d+, \{/, ['x', 'sums', 'y']],
  ['sumSquares/values', /sumSquares\(x, \{ dim: \d+, axis: -1 \}\)/, ['x', 'sums']],
  ['gatedForward/in-place', /gatedRmsNorm\(x, gate, \{ .*out: (x|gate) \}\)/, ['x', 'gate', 'y']],
  ['addForward/in-place', /addRmsNorm\(x, residual, \{ .*out: \{ \w+: \w+ \}.* \}\)/, ['x', 'residual', 'y', 'sum']],
])('%s: the call as code, and each operand', async (prefix, code, operands) => {
  const { id } = listCases((other) => other.startsWith(prefix))[0]!;
  const explanation = await explainCase(reference(), id);
  expect(explanation.result.status).toBe('pass');
  expect(formatExplanation(explanation)).toMatch(code);
  expect(explanation.calls[0]!.operands.map(({ name }) => name)).toEqual(expect.arrayContaining(operands));
  const inputs = explanation.calls[0]!.operands.filter(({ role }) => role === 'input');
  for (const { values, shape } of inputs) expect(values).toHaveLength(shape.reduce((a, b) => a * b, 1));
});

test('numbers that JSON does not have are strings', async () => {
  const { id } = listCases((other) => other.startsWith('forward/non-finite'))[0]!;
  const text = explanationJson(await explainCase(reference(), id));
  expect(text).toMatch(/"(NaN|Infinity|-Infinity)"/);
  expect(text).not.toContain('null,\n    null');
});

test('an id that is none is refused, with those that contain it', async () => {
  await expect(explainCase(reference(), 'forward/axis')).rejects.toThrow(
    'RMSNORM_INVALID_OPTION: there is no case "forward/axis"; 24 contain it: forward/axis:dim=7,axis=0,shape=7 ',
  );
  await expect(explainCase(reference(), 'no such case')).rejects.toThrow('listCases() gives the ids');
});

test('a backend that createBackend did not make has no calls to show, and says so', async () => {
  const { create } = reference();
  const disguised: BackendProvider = {
    ...reference(),
    create: async () => {
      const backend = await create();
      return {
        name: backend.name,
        device: backend.device,
        supports: backend.supports,
        dispose: () => backend.dispose(),
      } as never;
    },
  };
  const explanation = await explainCase(disguised, ID);
  expect(explanation.withoutCalls).toContain('did not make the backend');
  expect(formatExplanation(explanation)).toContain('not known: createBackend() of this');
});
