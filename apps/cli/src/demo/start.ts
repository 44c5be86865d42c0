/*
 * What `pnpm start` shows: `rmsnorm run` on real input, how fast that was, and how exact.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type HostTensor, pickBackend, RMSNorm, reference } from '@rmsnorm/core';
import { candidatesFor } from '../backends.ts';
import { type RunSummary, summaryLines } from '../commands/run-summary.ts';
import { readExactly } from '../files/read-exactly.ts';
import { openTensorFile } from '../files/tensor-file.ts';
import { median } from '../median.ts';
import { out } from '../terminal/output.ts';
import { showBytes, showRate, showSeconds } from '../terminal/quantities.ts';
import { table } from '../terminal/table.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const input = join(root, 'data/embeddings.npy');
const folder = join(root, 'build');
const output = join(folder, 'embeddings-normalized.npy');

mkdirSync(folder, { recursive: true });
const shown = (path: string): string => relative(process.env.INIT_CWD ?? process.cwd(), path);
const options = ['--dim', '512', '--axis', '-1', '--force'];
out.line(`${out.paint('bold', 'Sentence embeddings, 512 features each, normalized to RMS 1')}\n`);
out.line(`$ rmsnorm run ${shown(input)} -o ${shown(output)} ${options.join(' ')}\n`);
const bin = fileURLToPath(new URL('../bin.js', import.meta.url));
const json = execFileSync(process.execPath, [bin, 'run', input, '-o', output, ...options, '--json'], {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
});
const summary = JSON.parse(json) as RunSummary;
for (const line of summaryLines({ ...summary, input: shown(input), output: shown(output) }, out)) out.line(line);

const [x, y] = [await tensorOf(input), await tensorOf(output)];
out.line(`\n${out.paint('bold', 'Beside a copy of the same bytes')}`);
for (const line of table(await timings(x), [1, 2])) out.line(`  ${line}`);

const { ulp, absolute } = await largestDifference(x, y);
out.line(`\n${out.paint('bold', 'Beside the reference (float64, rounded once)')}`);
out.line(
  `  largest difference  ${ulp} ulp (the contract allows 4 from the exact value), ${absolute.toExponential(2)} absolute`,
);

async function tensorOf(path: string): Promise<HostTensor> {
  const found = await openTensorFile(path, 'npy', undefined, '');
  const data = new Float32Array((found.end - found.start) / 4);
  await readExactly(found.file, new Uint8Array(data.buffer), found.start, path);
  await found.file.close();
  return { dtype: 'float32', shape: found.shape, data };
}

/** Rows of a table: what was done, time, rate, and the part of a copy's speed. */
async function timings(tensor: HostTensor): Promise<string[][]> {
  const backend = await pickBackend(candidatesFor(summary.backend.name));
  const norm = new RMSNorm({ dim: 512, axis: -1, affine: false });
  const from = tensor.data as Float32Array;
  const to = new Float32Array(from.length);
  const target = { ...tensor, data: to };
  const inMemory = await medians(
    () => norm.apply(tensor, backend, { out: target }),
    () => to.set(from),
    301,
  );
  await backend.dispose();
  const bytes = readFileSync(input);
  const copy = join(folder, 'copy.npy');
  const writeCopy = async (): Promise<void> => {
    const file = await open(copy, 'w');
    await file.write(await readBack(bytes.length));
    await file.sync();
    await file.close();
  };
  const copies: number[] = [];
  for (let i = 0; i < 5; i++) copies.push(await secondsOf(writeCopy));
  rmSync(copy);
  const moved = 2 * from.byteLength;
  const row = (what: string, seconds: number, note = ''): string[] => [
    what,
    showSeconds(seconds),
    showRate(moved, seconds),
    note,
  ];
  const fileCopy = median(copies);
  return [
    row('file to file, flushed to the disk', summary.seconds, 'the first and only run of a new process'),
    row('  a copy of the file, flushed', fileCopy),
    row(
      'memory to memory',
      inMemory.ours,
      `${(inMemory.copy / inMemory.ours).toFixed(2)} of a copy, ${showBytes(from.byteLength)}`,
    ),
    row('  TypedArray.set', inMemory.copy),
  ];
}

async function readBack(bytes: number): Promise<Uint8Array> {
  const file = await open(input);
  const buffer = new Uint8Array(bytes);
  await readExactly(file, buffer, 0, input);
  await file.close();
  return buffer;
}

/** The median times of both, run in turns so that both meet the same machine. */
async function medians(
  ours: () => unknown,
  copy: () => unknown,
  rounds: number,
): Promise<{ ours: number; copy: number }> {
  const times = { ours: [] as number[], copy: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    times.ours.push(await secondsOf(ours));
    times.copy.push(await secondsOf(copy));
  }
  return { ours: median(times.ours), copy: median(times.copy) };
}

async function secondsOf(call: () => unknown): Promise<number> {
  const start = performance.now();
  await call();
  return (performance.now() - start) / 1e3;
}

/** The largest difference from the reference, in ulp of float32 at the reference's value and as a number. */
async function largestDifference(before: HostTensor, after: HostTensor): Promise<{ ulp: number; absolute: number }> {
  const backend = await reference().create();
  const norm = new RMSNorm({ dim: 512, axis: -1, affine: false });
  const { data } = await norm.apply(before, backend);
  await backend.dispose();
  const largest = { ulp: 0, absolute: 0 };
  for (let i = 0; i < data.length; i++) {
    const difference = Math.abs(after.data[i]! - data[i]!);
    const spacing = 2 ** (Math.max(-126, Math.floor(Math.log2(Math.abs(data[i]!)))) - 23);
    largest.absolute = Math.max(largest.absolute, difference);
    largest.ulp = Math.max(largest.ulp, difference / spacing);
  }
  return largest;
}
