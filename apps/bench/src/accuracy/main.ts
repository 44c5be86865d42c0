// Writes ACCURACY.md, beside package.json: the largest error of several RMSNorms on the same inputs.

import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { type FuzzReport, runFuzz } from '@rmsnorm/conformance';
import { reference } from '@rmsnorm/core';
import { wasm } from '@rmsnorm/wasm';
import { versionOf } from '../environment.ts';
import { CONTESTANTS, type Contestant, CUDA } from './contestants.ts';
import { errorOf } from './error.ts';
import { type Input, inputs } from './inputs.ts';

const SEED = 20_261_123;
const FUZZ_ROWS = 200_000;
const PEERS = ['onnxruntime-web', 'onnxruntime-node', '@tensorflow/tfjs-core'];

const reasons = new Set<string>();
const forward = [];
for (const input of inputs(SEED)) {
  const { name, size, rows, eps, dtype } = input;
  const cells = [`${name}, ${rows} x ${size}, eps ${eps === 0 ? 0 : eps.toExponential(0)}`, dtype];
  for (const contestant of CONTESTANTS) cells.push(await cell(contestant, input));
  process.stderr.write(`${cells.join('  ')}\n`);
  forward.push(cells);
}
const fuzzed = [
  await runFuzz(reference(), { rows: FUZZ_ROWS, seed: SEED }),
  await runFuzz(wasm(), { rows: FUZZ_ROWS, seed: SEED }),
  ...((await CUDA.probe()).ok ? [await runFuzz(CUDA, { rows: FUZZ_ROWS, seed: SEED })] : []),
];

const text = `# Accuracy

The largest error of RMSNorm in every backend, and in the engines that people use, on the same inputs. Made by \`pnpm accuracy\`, seed ${SEED}, on Node
${process.versions.node} with ${PEERS.map((name) => `${name} ${versionOf(name)}`).join(', ')}.

The exact result is that of the formula in float64. Errors are counted in ulp of float32 at the exact result. Of a 16-bit result, the error before
its rounding to 16 bits counts: 0 where it is the 16-bit number nearest to the exact result, else the distance from the exact result to the tie on whose
wrong side it is. One rounding to 16 bits more, on the way, therefore shows as thousands. The contract allows the \`ieee\` backends 4 ulp and \`webgpu\` 6.
\`cuda\` ran on ${await cudaInWords()}. \`inf\`, \`NaN\` and \`0\` say that an element is that and should not be; \`-\` says that an engine cannot do it.

## forward

${table(['input', 'dtype', ...CONTESTANTS.map(({ name }) => name)], forward)}

${[...reasons].map((reason) => `- ${reason}`).join('\n')}

ONNX Runtime does RMSNormalization of opset 23; TensorFlow.js, which has none, mul(mul(x, rsqrt(add(mean(square(x)), eps))), gamma).

## Every operation, on any bits

The largest error in ${FUZZ_ROWS.toLocaleString('en-US')} rows of random bit patterns, layouts and options (\`rmsnorm-conformance MODULE --fuzz\`), the same for these backends;
the other engines have no such operations. Errors are in ulp of float32, as above; those of dx, dgamma and dbeta in 2^-24 of the
magnitudes that their bounds name (dx may reach 16, the sums 16.8).

${table(['operation', 'output', 'dtype', ...fuzzed.map(({ backend }) => backend)], operations(fuzzed))}

${fuzzed.map(conclusion).join('\n')}
`;
writeFileSync(new URL('../../ACCURACY.md', import.meta.url), text);

async function cudaInWords(): Promise<string> {
  const probe = await CUDA.probe();
  if (!probe.ok) return `nothing (${probe.reason})`;
  return probe.device.startsWith('emulated') ? `an ${probe.device} device, as no GPU was there` : probe.device;
}

function conclusion({ backend, rows, failures }: FuzzReport): string {
  const kinds = failures.map(({ trial, message }) => `  - ${trial.op} ${trial.dtype}: ${message.split(';')[0]}`);
  return [`- ${backend}: ${rows.toLocaleString('en-US')} rows, ${failures.length} failures`, ...kinds].join('\n');
}

async function cell({ name, run }: Contestant, input: Input): Promise<string> {
  try {
    return errorOf(input, await run(input));
  } catch (error) {
    const [reason] = String(error instanceof Error ? error.message : error).split('\n');
    reasons.add(`${name}, ${input.dtype}: ${reason}`);
    return '-';
  }
}

function operations(reports: readonly FuzzReport[]): string[][] {
  const keys = [...new Set(reports.flatMap(({ largest }) => largest.map(keyOf)))].sort();
  return keys.map((key) => [
    ...key.split(' '),
    ...reports.map(({ largest }) => largest.find((entry) => keyOf(entry) === key)?.error.toFixed(2) ?? '-'),
  ]);
}

function keyOf({ op, output, dtype }: FuzzReport['largest'][number]): string {
  return `${op} ${output} ${dtype}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
