import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { reference } from '@rmsnorm/core';
import { describe, expect, test } from 'vitest';
import { testBackend } from './vitest.ts';

interface VitestReport {
  readonly testResults: readonly {
    readonly assertionResults: readonly { title: string; status: string; failureMessages: string[] }[];
  }[];
}

const root = fileURLToPath(new URL('../test/fixtures/', import.meta.url));
const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));

/** Runs one fixture in a Vitest of its own: title → status, and what failed says. */
async function run(
  fixture: string,
  env: Record<string, string> = {},
): Promise<Map<string, [status: string, message?: string]>> {
  const output = await new Promise<string>((resolve) => {
    const args = [vitest, 'run', '--root', root, '--reporter', 'json', fixture];
    execFile(process.execPath, args, { env: { ...process.env, ...env } }, (_error, stdout) => resolve(stdout));
  });
  const { testResults } = JSON.parse(output) as VitestReport;
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  return new Map(
    tests.map(({ title, status, failureMessages: [message] }) => [title, message ? [status, message] : [status]]),
  );
}

test('options that are none are refused, where the suite is registered', () => {
  expect(() => testBackend(reference(), { require: true } as never)).toThrow(/did you mean 'required'\?/);
  expect(() => testBackend(reference(), { filter: null } as never)).toThrow(/filter in testBackend's options is null/);
});

test('a backend that is not here is one skipped test with the reason', async () => {
  const tests = await run('absent.test.ts', { RMSNORM_REQUIRE: 'other' });
  expect([...tests]).toEqual([['absent is not available here: NO_DEVICE: there is none (plug one in)', ['skipped']]]);
});

test('where it is required, it is one failing test with the reason', async () => {
  const tests = await run('absent.test.ts', { RMSNORM_REQUIRE: 'other, absent' });
  const [status, message] = tests.get('absent is required here')!;
  expect(tests.size).toBe(1);
  expect(status).toBe('failed');
  expect(message).toContain("backend 'absent' is not available: NO_DEVICE: there is none (plug one in)");
});

test('each case is a test of its id: passed, skipped or failed', async () => {
  const tests = await run('present.test.ts');
  expect(tests.get('forward/axis:dim=7,axis=0,shape=7')).toEqual(['passed']);
  expect(tests.get('forward/extremes:x=max,shape=3x5')).toEqual(['skipped']);
  const [status, message] = tests.get('supports/manifest:manifest=names')!;
  expect(status).toBe('failed');
  expect(message).toContain('supports must be frozen');
  expect(tests.size).toBe(3);
});

describe('whatever a driver does, Vitest has a result of each case', () => {
  test.each([
    ['exits-in-forward', 'process.exit unexpectedly called'],
    ['free-is-async', 'a promise was rejected that nobody waits for'],
    ['throws-proxy', 'threw object'],
    ['read-never-settles', 'did not come back within 500 ms'],
  ])('%s', async (kind, text) => {
    const tests = await run('hostile.test.ts', { KIND: kind });
    expect(tests.size).toBe(9);
    const failures = [...tests.values()].filter(([status]) => status === 'failed');
    expect(failures.length).toBeGreaterThan(1);
    for (const [, message] of failures) expect(message).toContain(text);
  });

  test.each([
    ['create-gives-null', 'the backend did not start: create() gave null'],
    ['create-never-settles', 'create() did not come back within 500 ms'],
  ])('%s', async (kind, text) => {
    const tests = [...(await run('hostile.test.ts', { KIND: kind })).values()];
    expect(tests).toHaveLength(9);
    expect(tests.map(([status]) => status)).toEqual(['failed', ...new Array(8).fill('skipped')]);
    expect(tests[0]![1]).toContain(text);
  });

  test.each([
    ['probe-never-settles', 'probe() did not come back within 500 ms'],
    ['probe-throws', 'probe() never throws, but it threw Error: no such luck'],
  ])('%s', async (kind, text) => {
    const tests = await run('hostile.test.ts', { KIND: kind });
    const [status, message] = tests.get('the backend can be probed')!;
    expect([tests.size, status]).toEqual([1, 'failed']);
    expect(message).toContain(text);
  });
});

test('in a program, a driver that ends the process makes its exit status 1, and the case is named', async () => {
  const program = fileURLToPath(new URL('../test/fixtures/hostile-program.mjs', import.meta.url));
  const { status, stderr } = await new Promise<{ status: number; stderr: string }>((resolve) => {
    execFile(process.execPath, [program], (error, _stdout, stderr) =>
      resolve({ status: Number(error?.code ?? 0), stderr }),
    );
  });
  expect(status).toBe(1);
  expect(stderr).toBe(
    '@rmsnorm/conformance: the process ended with exit status 0 in the case forward/axis:dim=5,axis=1,shape=3x5: ' +
      'does the driver call process.exit()?\n',
  );
});
