import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { providerOf, runConformance } from '@rmsnorm/conformance';
import { expect, test } from 'vitest';
import { numbersIn, runExample } from './run-example.ts';

/** The output of a program that ended well and had nothing to complain about. */
function outputOf(name: string): string {
  const { status, stdout, stderr } = runExample(name);
  expect([stderr, status], stdout).toEqual(['', 0]);
  return stdout;
}

test('decoding-loop: every bit is right, and the loop allocates nothing', () => {
  const stdout = outputOf('decoding-loop');
  expect(stdout).toMatch(/^tokens: (\d+ ){23}\d+$/m);
  const first = numbersIn(stdout, /^memory after token 1: (\d+) tensors, (\d+) bytes$/m);
  expect(first[0]).toBe(3 + 9); // three tensors, and a gamma for each of nine norms
  expect(numbersIn(stdout, /^memory after token 24: (\d+) tensors, (\d+) bytes$/m)).toEqual(first);
  expect(numbersIn(stdout, /^memory after dispose\(\): (\d+) tensors, (\d+) bytes$/m)).toEqual([0, 0]);
  expect(stdout).toContain('the bits of the formula in float64: 256 of 256 elements');
});

test('query-key-norm: keys have RMS 1, and logits stay below their bound', () => {
  const stdout = outputOf('query-key-norm');
  const [, key] = numbersIn(stdout, /^RMS of the first key: (\S+) before, (\S+) after$/m);
  expect(key).toBe(1);
  const [before, after] = numbersIn(stdout, /headDim\): (\S+) before, (\S+) after$/m);
  const [bound] = numbersIn(stdout, /max\(gamma\) = (\S+)$/m);
  expect(before).toBeGreaterThan(bound!);
  expect(after).toBeLessThan(bound!);
  expect(numbersIn(stdout, /^largest error: (\S+) ulp/m)[0]).toBeLessThanOrEqual(4);
});

test('training-step: the gradients are right, the loss goes down, and gamma is found', () => {
  const stdout = outputOf('training-step');
  for (const name of ['dgamma', 'dx']) {
    const [largest, error] = numbersIn(stdout, new RegExp(`^${name}: largest (\\S+), largest error (\\S+)$`, 'm'));
    expect(largest).toBeGreaterThan(0);
    expect(error! / largest!).toBeLessThan(1e-6);
  }
  const losses = [...stdout.matchAll(/^step +\d+: loss (\S+)$/gm)].map(([, loss]) => Number(loss));
  expect(losses).toHaveLength(6);
  expect(losses).toEqual(losses.toSorted((a, b) => b - a));
  expect(losses[5]! / losses[0]!).toBeLessThan(1e-6);
  const tensors = numbersIn(stdout, /^tensors after step 0: (\d+)$/m);
  expect(numbersIn(stdout, /^tensors after step 50: (\d+)$/m)).toEqual(tensors);
  expect(numbersIn(stdout, /^largest difference between gamma .*: (\S+)$/m)[0]).toBeLessThan(1e-3);
});

test('write-a-backend: the driver passes the suite, and the suite finds its bug', { timeout: 120_000 }, () => {
  const stdout = outputOf('write-a-backend');
  const [right, wrong] = stdout.split('\n\n');
  const [passed, failed] = numbersIn(right!, /^(\d+) passed, (\d+) failed, \d+ skipped$/m);
  expect(passed).toBeGreaterThan(500);
  expect(failed).toBe(0);
  expect(numbersIn(wrong!, /(\d+) failed/)[0]).toBeGreaterThan(0);
  expect(wrong).toMatch(/^the first failure: forward\/sums:/m);
  expect(wrong).toContain('off by');
});

test('write-a-backend is a module that the command line can verify', async () => {
  const module = new URL('../src/write-a-backend.mjs', import.meta.url);
  const provider = await providerOf(await import(module.href), fileURLToPath(module));
  const { passed, failed } = await runConformance(provider, { filter: 'addForward/two-steps' });
  expect(passed).toBeGreaterThan(0);
  expect(failed).toBe(0);
});

const programs = readdirSync(new URL('../src', import.meta.url)).map((file) => file.replace(/\.mjs$/, ''));

test.each(programs)('%s can be copied: it imports packages alone, and says which to install', (name) => {
  const code = readFileSync(new URL(`../src/${name}.mjs`, import.meta.url), 'utf8');
  const imported = [...code.matchAll(/(?:^import .* from |\bimport\()'([^']+)'/gm)].map(([, module]) => module!);
  const packages = [...new Set(imported.filter((module) => !module.startsWith('node:')))];
  const [, line] = /^\/\/ {5}npm install ((?:\S+ )*\S+)/m.exec(code) ?? [];
  expect(line?.split(' ').toSorted()).toEqual(packages.toSorted());
});

test.each(programs)('%s has its line in the README, and its script in package.json', (name) => {
  const read = (file: string): string => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
  expect(read('README.md')).toContain(`[\`${name}.mjs\`](src/${name}.mjs)`);
  expect(JSON.parse(read('package.json')).scripts[name]).toBe(`node src/${name}.mjs`);
});
