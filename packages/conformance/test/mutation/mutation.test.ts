import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { mutantsOf } from './mutants.ts';
import { PROGRAMS } from './programs.ts';
import { readSurvivors, staleEntries } from './survivors.ts';

const script = fileURLToPath(new URL('../../scripts/mutate.mjs', import.meta.url));

const mutants = PROGRAMS.flatMap(mutantsOf);

test('there are thousands of mutants, each of another text and with a name of its own', () => {
  expect(mutants.length).toBeGreaterThan(2500);
  expect(new Set(mutants.map(({ program, id }) => `${program} ${id}`)).size).toBe(mutants.length);
});

test('every survivor in the list is a mutant, and has a reason', () => {
  expect(staleEntries(readSurvivors(), mutants)).toEqual([]);
});

test('the suite kills a sample of those that are not in the list', { timeout: 300_000 }, async () => {
  const { code, output } = await run(['--sample']);
  expect(code, output).toBe(0);
  const [, all, killed] = /(\d+) mutants, (\d+) killed .*: [\d.]+ %/.exec(output)!;
  expect(Number(all), output).toBeGreaterThan(50);
  expect(killed, output).toBe(all);
});

test('a mutant that survives is named, and fails the run', { timeout: 120_000 }, async () => {
  // Without cases nothing can be killed.
  const { code, output } = await run([
    '--only',
    'gate.ts silu: 1 + Math.exp(-z) => 1 - Math.exp(-z)',
    '--cases',
    'backward/empty',
  ]);
  expect(output).toContain('SURVIVED');
  expect(code).toBe(1);
});

function run(args: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [script, ...args], (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr });
    });
  });
}
