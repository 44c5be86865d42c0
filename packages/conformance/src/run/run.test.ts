import { type Backend, OPS, reference } from '@rmsnorm/core';
import { expect, test } from 'vitest';
import { listCases } from '../cases/list.ts';
import { formatReport } from '../report/format-report.ts';
import { runConformance } from './run.ts';

test('ids are unique, stable in form, and name a family', () => {
  const ids = listCases().map(({ id }) => id);
  expect(ids.length).toBeGreaterThan(2000);
  const families = new Set(ids.map((id) => id.slice(0, id.indexOf('/'))));
  expect([...families].sort()).toEqual([...OPS, 'backend', 'supports'].sort());
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(id).toMatch(/^[a-zA-Z]+\/[a-z0-9-]+:[\w.,=+^-]+$/);
});

test('a depth has its cases, and one that is not known is refused', async () => {
  const ids = async (depth: 'quick' | 'default'): Promise<string[]> => {
    const { results } = await runConformance(reference(), { filter: 'scaleBy/plan:calls', depth });
    return results.map(({ id }) => id);
  };
  expect(await ids('quick')).toEqual(['scaleBy/plan:calls=70,read=afterwards']);
  expect(await ids('default')).toHaveLength(3);
  const refused = runConformance(reference(), { depth: 'deep' as 'quick' });
  await expect(refused).rejects.toMatchObject({ code: 'INVALID_OPTION' });
});

test('a report is plain data, complete and in order', async () => {
  const seen: string[] = [];
  const report = await runConformance(reference(), {
    filter: 'forward/axis:',
    seed: 5,
    onResult: ({ id }, { done, total }) => void seen.push(`${done}/${total} ${id}`),
  });
  const ids = listCases('forward/axis:').map(({ id }) => id);
  expect(report).toMatchObject({ backend: 'reference', seed: 5, passed: ids.length, failed: 0, skipped: 0 });
  expect(report.results.map(({ id }) => id)).toEqual(ids);
  expect(seen[0]).toBe(`1/${ids.length} ${ids[0]}`);
  expect(seen).toHaveLength(ids.length);
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  expect(formatReport(report)).toMatch(/^reference \(.+\), seed 5: \d+ passed, 0 failed, 0 skipped in \d+\.\d s$/);
});

test('a report for people names failures, reasons of skips, and how to repeat one', () => {
  const { supports } = { supports: { ops: [], dtypes: [], accuracy: 'ieee', features: [], promises: [] } } as const;
  const text = formatReport({
    backend: 'mine',
    device: 'here',
    supports,
    seed: 3,
    passed: 1,
    failed: 1,
    skipped: 2,
    notRun: 0,
    results: [
      { id: 'a/b:c=1', status: 'fail', message: 'wrong\nvery', ms: 1 },
      { id: 'a/b:c=2', status: 'skip', message: 'not declared: rstd', ms: 0 },
      { id: 'a/b:c=3', status: 'skip', message: 'not declared: rstd', ms: 0 },
      { id: 'a/b:c=4', status: 'pass', ms: 1 },
    ],
  });
  expect(text.split('\n')).toEqual([
    'FAIL  a/b:c=1',
    '      wrong',
    '      very',
    'skip  2 cases: not declared: rstd',
    'mine (here), seed 3: 1 passed, 1 failed, 2 skipped in 0.0 s',
    "again, alone: --filter 'a/b:c=1' --seed 3",
  ]);
});

test('a filter that takes nothing is an error, never a green run', async () => {
  await expect(runConformance(reference(), { filter: 'no such case' })).rejects.toThrow('RMSNORM_INVALID_OPTION: ');
});

test.each([
  [{ filters: 'forward' }, /no key 'filters' in runConformance's options: did you mean 'filter'\?/],
  [{ seed: null }, /seed in runConformance's options is null/],
  [{ filter: 5 }, /filter must be a string or a predicate, got 5/],
  [{ filter: Symbol('none') }, /got Symbol\(none\)/],
  ['forward', /must be an object .* got 'forward'/],
])('options that are none are refused, and no case runs: %o', async (options, message) => {
  let created = 0;
  const create = (): Promise<Backend> => {
    created += 1;
    return reference().create();
  };
  const provider = { ...reference(), create };
  await expect(runConformance(provider, options as never)).rejects.toThrow(message);
  expect(created).toBe(0);
});

test.each([[undefined], [null], [5], [{ name: 'x' }]])('what is no provider is refused: %o', async (provider) => {
  await expect(runConformance(provider as never)).rejects.toThrow('runConformance takes a provider { name, ');
});

test('failFast: the rest is not run after the first failure, and is told of', async () => {
  const provider = { ...reference(), create: async () => null as never };
  const seen: string[] = [];
  const report = await runConformance(provider, {
    filter: 'forward/axis:',
    failFast: true,
    onResult: ({ status }, { done, total }) => void seen.push(`${done}/${total} ${status}`),
  });
  expect(report).toMatchObject({ backend: 'reference', device: '', passed: 0, failed: 1, notRun: 23 });
  expect([seen.length, seen[0], seen[23]]).toEqual([24, '1/24 fail', '24/24 not-run']);
});

test.each([[0], [-1], [Number.NaN], ['5']])('a timeout that is none is refused: %o', async (timeout) => {
  await expect(runConformance(reference(), { timeout: timeout as never })).rejects.toThrow(
    'timeout must be a number of milliseconds above 0',
  );
});

test('a timeout of Infinity waits, it does not fire at once', async () => {
  const report = await runConformance(reference(), { filter: 'forward/axis:dim=7', timeout: Number.POSITIVE_INFINITY });
  expect(report).toMatchObject({ failed: 0, notRun: 0 });
});

test('an abort ends the run with its reason', async () => {
  const controller = new AbortController();
  const run = runConformance(reference(), {
    filter: 'forward/axis:',
    signal: controller.signal,
    onResult: () => controller.abort('enough'),
  });
  await expect(run).rejects.toBe('enough');
});
