import { expect, test } from 'vitest';
import { toHex } from '../../src/golden/results.ts';
import { GOLDEN_SPECS } from '../../src/golden/specs.ts';
import { runProgram } from './programs.ts';

test('the recorded results are what the programs give today, bit for bit (`vitest -u` records anew)', async () => {
  const lines: string[] = [];
  for (const spec of GOLDEN_SPECS) {
    const hex = toHex(await runProgram(spec));
    const inOneLine = `  '${spec.id}': '${hex}',`;
    lines.push(inOneLine.length <= 120 ? inOneLine : `  '${spec.id}':\n    '${hex}',`);
  }
  await expect(`${HEAD}${lines.join('\n')}\n};\n`).toMatchFileSnapshot('../../src/golden/recorded.ts');
}, 60_000);

const HEAD = `/**
 * What onnxruntime-web's CPU kernels and TensorFlow.js gave on the inputs of \`specs.ts\`: the bits of y, in hexadecimal.
 * Written by test/golden/recorded.test.ts, which also checks that the programs still give it.
 */
export const RECORDED: Readonly<Record<string, string>> = {
`;
