/*
 * What `pnpm start` shows: `rmsnorm run` on real input, what that did to some numbers, how exact it was, and how fast its kernel
 * is.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type HostTensor, pickBackend, RMSNorm, reference } from '@rmsnorm/core';
import { candidatesFor } from '../backends.ts';
import type { RunSummary } from '../commands/run-summary.ts';
import { pieceAt } from '../files/extent.ts';
import { openTensorFile } from '../files/tensor-file.ts';
import { out } from '../terminal/output.ts';
import { showBytes, showRate, showSeconds } from '../terminal/quantities.ts';
import { bar, signedBar } from './bars.ts';
import { FEATURES, measureSpeeds, ROUNDS, ROWS } from './speed.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const input = join(root, 'data/embeddings.npy');
const folder = join(root, 'build');
const output = join(folder, 'embeddings-normalized.npy');
const bin = fileURLToPath(new URL('../bin.js', import.meta.url));

/** Which sentence is shown, and how many of its numbers. */
const SHOWN_ROW = 2;
const SHOWN_VALUES = 8;

/** Of the terminal; lines are no longer than needed, however wide it is. */
const columns = Math.min(out.stream.columns ?? 80, 96);

mkdirSync(folder, { recursive: true });
const summary = runOnFile();
const [x, y] = [await tensorOf(input), await tensorOf(output)];
showRun(summary);
showValues(x, y);
await showDifference(x, y);
await showSpeed();
showNext();

function runOnFile(): RunSummary {
  const args = ['run', input, '-o', output, '--dim', '512', '--axis', '-1', '--force', '--json'];
  // A GPU's driver may have things to say on stderr.
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8' });
  if (status !== 0) {
    process.stderr.write(stderr);
    process.exit(1);
  }
  return JSON.parse(stdout) as RunSummary;
}

async function tensorOf(path: string): Promise<HostTensor> {
  const found = await openTensorFile(path, 'npy', { how: '' });
  const data = new Float32Array((found.end - found.start) / 4);
  await found.source.read(pieceAt(found.start, data.byteLength), new Uint8Array(data.buffer));
  await found.source.close();
  return { dtype: 'float32', shape: found.shape, data };
}

function showRun({ shape, rows, backend, seconds }: RunSummary): void {
  const [sentences, features] = shape;
  title(`${sentences} sentences, each as ${features} numbers, normalized`);
  out.line(`$ rmsnorm run ${shown(input)} \\`);
  out.line(`    -o ${shown(output)} --dim 512 --axis -1`);
  const factor = (rows.after!.median / rows.before!.median).toFixed(1);
  const [before, after] = [rows.before!.median.toPrecision(3), rows.after!.median.toPrecision(3)];
  out.line(`Each sentence had a root mean square (RMS) of ${before}; each has ${after} now.`);
  out.line(`Its numbers became ${factor} times as large, all by one factor: they say the same,`);
  out.line('at the size that the next layer of a model was trained on.');
  out.line(out.paint('dim', `${showSeconds(seconds)} from file to file, by ${backend.name} (${backend.device})`));
}

function showValues(before: HostTensor, after: HostTensor): void {
  const sentence = readFileSync(join(root, 'data/sentences.txt'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))[SHOWN_ROW]!;
  const start = SHOWN_ROW * before.shape[1]!;
  const values = [before, after].map(({ data }) => [...(data as Float32Array).subarray(start, start + SHOWN_VALUES)]);
  const largest = Math.max(...values.flat().map(Math.abs));
  // For each side of each bar.
  const width = Math.max(3, Math.floor((columns - 30) / 4));
  const column = (text: string): string => text.padEnd(2 * width + 11);
  title('The first of these numbers, before and after, on one scale');
  out.line(sentence.length > columns ? `${sentence.slice(0, columns - 3)}...` : sentence);
  out.line(`    ${out.paint('dim', `${column('before')}  after`.trimEnd())}`);
  for (let i = 0; i < SHOWN_VALUES; i++) {
    const [a, b] = [values[0]![i]!, values[1]![i]!];
    const cell = (value: number): string => `${number(value)} ${signedBar(value / largest, width)}`;
    out.line(`  ${i + 1} ${out.paint('yellow', cell(a))}  ${out.paint('green', cell(b).trimEnd())}`);
  }
}

/** In the columns of eight characters. */
function number(value: number): string {
  return value.toFixed(4).padStart(9);
}

/** The largest difference from the reference, in units of the last place. */
async function showDifference(before: HostTensor, after: HostTensor): Promise<void> {
  const backend = await reference().create();
  const norm = new RMSNorm({ dim: 512, axis: -1, affine: false });
  const { data } = await norm.apply(before, backend);
  await backend.dispose();
  let ulp = 0;
  for (let i = 0; i < data.length; i++) {
    const spacing = 2 ** (Math.max(-126, Math.floor(Math.log2(Math.abs(data[i]!)))) - 23);
    ulp = Math.max(ulp, Math.abs(after.data[i]! - data[i]!) / spacing);
  }
  const count = data.length.toLocaleString('en-US');
  out.line(`Of all ${count} numbers, the farthest from the exact result is off by ${ulp} in its`);
  out.line('last binary place (ulp); at most 4 are promised, for any input.');
}

async function showSpeed(): Promise<void> {
  const backend = await pickBackend(candidatesFor('wasm'));
  const { kernel, plain, copy } = await measureSpeeds(backend);
  const { name } = backend;
  await backend.dispose();
  const bytes = 4 * ROWS * FEATURES;
  title(`The speed of the kernel: ${ROWS} rows of ${FEATURES} features`);
  const rows: [what: string, seconds: number][] = [
    [`rmsnorm, ${name}`, kernel],
    ['plain JavaScript', plain],
    ['a copy, no more', copy],
  ];
  const fastest = Math.min(kernel, plain, copy);
  const width = Math.max(4, columns - 46);
  for (const [what, seconds] of rows) {
    const rate = showRate(2 * bytes, seconds).padStart(10);
    const text = `${bar(fastest / seconds, width)} ${rate}  ${showSeconds(seconds)}`;
    out.line(`  ${what.padEnd(17)} ${seconds === kernel ? out.paint('green', text) : text}`);
  }
  out.line(
    `${(plain / kernel).toFixed(1)} times as fast as plain JavaScript, ${(copy / kernel).toFixed(2)} of the speed of a copy.`,
  );
  out.line(out.paint('dim', `${showBytes(bytes)} read and as many written; medians of ${ROUNDS} rounds, in turns`));
}

function showNext(): void {
  const rmsnorm = `node ${shown(bin)}`;
  title('What to try next');
  out.line(`$ ${rmsnorm} doctor`);
  out.line(out.paint('dim', '    which backends work on this machine, a GPU among them'));
  out.line(`$ ${rmsnorm} run YOURS.npy -o OUT.npy --dim 512 --axis -1`);
  out.line(out.paint('dim', '    the same with a file of yours; all options: run --help'));
}

function title(text: string): void {
  out.line();
  out.line(out.paint('bold', text));
}

/** A path as one would type it where pnpm was called. */
function shown(path: string): string {
  return relative(process.env.INIT_CWD ?? process.cwd(), path);
}
