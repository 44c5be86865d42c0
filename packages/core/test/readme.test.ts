import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
  type BackendProvider,
  type Extent,
  OPERATIONS,
  type Operand,
  presets,
  RMSNorm,
  reference,
} from '../src/index.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = await readFile(join(root, 'README.md'), 'utf8');

/** The README's code runs as modules in this package, which finds itself by its name. */
let folder: string;
beforeAll(async () => {
  await mkdir(join(root, 'build'), { recursive: true });
  folder = await mkdtemp(join(root, 'build', 'readme-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function load(name: string, code: string): Promise<unknown> {
  const path = join(folder, name);
  await writeFile(path, code);
  return import(pathToFileURL(path).href);
}

function block(heading: string): string {
  const [, code] = new RegExp(`\`\`\`${heading}\\n([\\s\\S]*?)\`\`\``).exec(readme) ?? [];
  if (code === undefined) throw new Error(`README.md has no block of ${heading}`);
  return code;
}

test('the first lines run', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  const wasm = "import { wasm } from '@rmsnorm/wasm'";
  const code = block('js');
  expect(code).toContain(wasm);
  await load('first.mjs', code.replace(wasm, "import { reference as wasm } from '@rmsnorm/core'"));
  const [y, memory] = log.mock.lastCall as [Float32Array, unknown];
  log.mockRestore();
  expect(y).toHaveLength(8 * 4096);
  for (const value of y) expect(value).toBeCloseTo(0.5, 5);
  expect(memory).toEqual({ tensors: 3, bytes: 4 * (2 * 8 * 4096 + 4096) });
});

test.each([
  ['this package', readme],
  ['the repository', await readFile(join(root, '../../README.md'), 'utf8')],
])('of %s: it says where the features stand before the first example, with a picture', (_of, text) => {
  const beginning = text.slice(0, text.indexOf('```js'));
  expect(beginning).toMatch(/Channels come first by default/);
  expect(beginning).toMatch(/new RMSNorm\(8\): channels first +new RMSNorm\(\{ dim: 64, axis: -1 \}\): features last/);
  expect(beginning).toContain('┌────────┐');
});

test('each preset is called, and the calls are right', async () => {
  const code = block('js presets');
  for (const name of Object.keys(presets)) expect(code).toContain(`presets.${name}(`);
  await load('presets.mjs', code);
});

test('the lines on state dicts and on tidy run', async () => {
  await load('state-dict.mjs', block('js state dict'));
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  await load('tidy.mjs', block('js tidy'));
  const [values, memory] = log.mock.lastCall as [Float32Array, unknown];
  log.mockRestore();
  for (const value of values) expect(value).toBeCloseTo(1, 5);
  // y, and a gamma of each norm.
  expect(memory).toEqual({ tensors: 3, bytes: 4 * (16 + 8 + 8) });
});

test('the driver normalizes rows, and refuses what it does not declare', async () => {
  const { rows } = (await load('rows.mjs', block('js rows.js'))) as { rows: () => BackendProvider };
  const [backend, specified] = [await rows().create(), await reference().create()];
  const norm = new RMSNorm({ dim: 5, axis: -1 });
  norm.gamma!.data.set([1, 2, 3, 4, 5]);
  const x = Float32Array.from({ length: 15 }, (_, i) => Math.sin(i));
  const y = await norm.forward(backend.tensor(x, [3, 5])).data();
  const expected = await norm.forward(specified.tensor(x, [3, 5])).data();
  for (const [i, value] of expected.entries()) expect(y[i]).toBeCloseTo(value, 6);
  expect(() => new RMSNorm(3).forward(backend.tensor(x, [1, 3, 5]))).toThrow('RMSNORM_UNSUPPORTED');
  const reason = new Error('enough');
  await expect(rows().create({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

test('its tables of operations and operands are what OPERATIONS says', () => {
  const start = readme.indexOf('<!-- From OPERATIONS');
  const [, found] = readme.slice(start, readme.indexOf('<!-- The end. -->')).split('-->\n');
  expect(found?.trim()).toBe(tables());
});

const SHAPES: Readonly<Record<Extent, string>> = {
  elements: '[outer, groups, size, inner]',
  features: '[groups, size]',
  rows: '[outer, groups, inner]',
  positions: '[outer, inner]',
};

function tables(): string {
  const operations = Object.values(OPERATIONS);
  const named = ({ name, present, mayBe }: Operand): string => {
    const memory = mayBe.length > 0 ? ` (${mayBe.map((one) => `\`${one}\``).join(' or ')})` : '';
    return `\`${name}\`${present === 'always' ? '' : '?'}${memory}`;
  };
  const kinds = new Map<string, Set<string>>();
  for (const { name, extent, dtype } of operations.flatMap(({ operands }) => operands)) {
    const kind = `\`${SHAPES[extent]}\` | ${dtype === 'x' ? 'that of `x`' : dtype}`;
    kinds.set(kind, (kinds.get(kind) ?? new Set()).add(name));
  }
  return [
    '| operation | inputs | outputs | its problem also says |',
    '|---|---|---|---|',
    ...operations.map(({ op, operands, values }) => {
      const [inputs, outputs] = (['input', 'output'] as const).map((role) =>
        operands.filter((operand) => operand.role === role).map(named),
      );
      const more = values.map((value) => `\`${value}\``).join(', ');
      return `| \`${op}\` | ${inputs!.join(', ')} | ${outputs!.join(', ')} | ${more} |`;
    }),
    '',
    '| operands | shape | dtype |',
    '|---|---|---|',
    ...[...kinds].map(([kind, names]) => `| ${[...names].map((name) => `\`${name}\``).join(', ')} | ${kind} |`),
  ].join('\n');
}
