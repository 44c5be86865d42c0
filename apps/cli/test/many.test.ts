import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hostTensor, inProcess, newFolder, safetensorsBytes, writeNpy } from './rmsnorm.ts';

const RUN = '--dim 12 --backend reference';

/** Three inputs, and what each becomes alone. */
async function prepared(): Promise<{ folder: string; alone: Buffer[] }> {
  const folder = newFolder();
  mkdirSync(join(folder, 'in'));
  writeNpy(join(folder, 'a.npy'), hostTensor([4, 12]));
  writeNpy(join(folder, 'in/b.npy'), hostTensor([5, 12], 'float16'));
  writeFileSync(join(folder, 'c.safetensors'), safetensorsBytes({ x: hostTensor([6, 12], 'bfloat16') }));
  const alone: Buffer[] = [];
  for (const name of ['a.npy', 'in/b.npy', 'c.safetensors']) {
    const output = `alone${name.slice(name.lastIndexOf('.'))}`;
    expect((await inProcess(folder, `run ${name} -o ${output} --force ${RUN}`)).code).toBe(0);
    alone.push(readFileSync(join(folder, output)));
  }
  return { folder, alone };
}

const INPUTS = 'a.npy in/b.npy c.safetensors';

test('--out-dir takes many inputs, each to a file of its name', async () => {
  const { folder, alone } = await prepared();
  const { code, stdout, stderr } = await inProcess(folder, `run ${INPUTS} --out-dir new/out ${RUN}`);
  expect(stderr).toMatch(
    /^a\.npy -> new[\\/]out[\\/]a\.npy {2}\[4, 12\] float32, .*\n(.*\n){2}3 of 3 files normalized\n$/,
  );
  expect([code, stdout]).toEqual([0, '']);
  expect(readdirSync(join(folder, 'new/out')).sort()).toEqual(['a.npy', 'b.npy', 'c.safetensors']);
  const made = ['a.npy', 'b.npy', 'c.safetensors'].map((name) => readFileSync(join(folder, 'new/out', name)));
  expect(made).toEqual(alone);

  const again = await inProcess(folder, `run ${INPUTS} --out-dir new/out ${RUN}`);
  expect(again.stderr).toBe(
    'RMSNORM_FILE_EXISTS: new/out has 3 of 3 outputs: a.npy, b.npy, c.safetensors: --force replaces them, or name another folder\n',
  );
  expect(again.code).toBe(1);
  expect((await inProcess(folder, `run ${INPUTS} --out-dir new/out ${RUN} --force --quiet`)).code).toBe(0);
});

test('an input that fails does not keep the others from being done; the exit code says so', async () => {
  const { folder, alone } = await prepared();
  writeFileSync(join(folder, 'in/b.npy'), 'text');
  const args = `run ${INPUTS} --out-dir out ${RUN} --json`;
  const { code, stdout, stderr } = await inProcess(folder, args);
  expect(stderr).toBe("in/b.npy:\nRMSNORM_INVALID_FILE: in/b.npy is not a .npy file: it begins with 'text'\n");
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject([
    { input: 'a.npy', output: join('out', 'a.npy'), rows: { rows: 4 } },
    { input: 'in/b.npy', error: { code: 'INVALID_FILE', message: expect.stringContaining('is not a .npy file') } },
    { input: 'c.safetensors', output: join('out', 'c.safetensors'), rows: { rows: 6 } },
  ]);
  expect(readFileSync(join(folder, 'out/c.safetensors'))).toEqual(alone[2]);
  expect(existsSync(join(folder, 'out/b.npy'))).toBe(false);
  const told = await inProcess(folder, args.replace('json', 'force'));
  expect(told.stderr).toContain('2 of 3 files normalized, 1 failed: see above\n');
});

test.each([
  ['run a.npy in/a.npy --out-dir out --dim 12', 2, `a.npy and in/a.npy would both become ${join('out', 'a.npy')}`],
  ['run a.npy b.txt --out-dir out --dim 12', 2, "IN must end in .npy or .safetensors, got 'b.txt'"],
  ['run a.npy --out-dir out -o y.npy --dim 12', 2, "option '--out-dir <DIR>' cannot be used with option '-o, --output"],
  ['run a.npy --out-dir out --dim 12 --shard 0/2', 2, "'--out-dir <DIR>' cannot be used with option '--shard <I/N>'"],
  ['run --out-dir out --dim 12', 2, "missing required argument 'IN'"],
  ['run a.npy --out-dir out', 2, "required option '--dim <N>' not specified"],
  [
    'run a.npy in/b.npy -o y.npy --dim 12',
    2,
    'too many arguments: -o takes one IN, not 2; --out-dir <DIR> takes several',
  ],
  ['run a.npy --out-dir a.npy --dim 12', 1, 'RMSNORM_INVALID_FILE: cannot make the folder a.npy: '],
])('%s', async (args, expected, message) => {
  const { folder } = await prepared();
  const { code, stderr } = await inProcess(folder, args);
  expect(stderr).toContain(message);
  expect([code, existsSync(join(folder, 'out'))]).toEqual([expected, false]);
});

test.each([
  ['win32', true],
  ['darwin', true],
  ['linux', false],
])('on %s, names that differ in their case alone are one output: %s', async (platform, same) => {
  const folder = newFolder();
  mkdirSync(join(folder, 'in'));
  for (const name of ['A.npy', 'in/a.npy']) writeNpy(join(folder, name), hostTensor([4, 12]));
  const real = Object.getOwnPropertyDescriptor(process, 'platform')!;
  Object.defineProperty(process, 'platform', { ...real, value: platform });
  try {
    const { code, stderr } = await inProcess(folder, `run A.npy in/a.npy --out-dir out ${RUN} --force`);
    expect(stderr.includes(`A.npy and in/a.npy would both become ${join('out', 'a.npy')}`)).toBe(same);
    expect(code).toBe(same ? 2 : 0);
  } finally {
    Object.defineProperty(process, 'platform', real);
  }
});
