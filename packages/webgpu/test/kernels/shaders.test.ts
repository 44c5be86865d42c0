import { expect, test } from 'vitest';
import { wgslCommand } from '../../scripts/wgsl-command.mjs';

// One shader for each kind of kernel, as `pnpm wgsl` prints it: read them beside the code that makes them.
test.each([
  // Tiles in registers.
  ['forward-rows', 'forward --shape 8x4096 --rstd'],
  ['forward-ragged-rows', 'forward --shape 1000x66 --dtype bfloat16 --axis -1 --partial 0.5'],
  ['forward-without-subgroups', 'forward --shape 8x1000 --no-subgroups --weight-offset 1'],
  ['forward-on-a-processor', 'forward --shape 8x8192 --subgroups 4'],
  ['forward-shader-f16', 'forward --shape 8x4096 --dtype float16 --casting llama --shader-f16'],
  ['forward-columns', 'forward --shape 2x512x4x4'],
  ['forward-row-pairs', 'forward --shape 7x33 --dtype float16 --bias'],
  ['add-forward-in-place', 'addForward --shape 8x1024 --dtype float16 --casting llama --float16 bits --in-place'],
  ['gated-forward-gate-first', 'gatedForward --shape 8x64'],
  ['gated-forward-norm-first', 'gatedForward --shape 8x64 --norm-before-gate --dtype float16'],
  // Tiles in loops.
  ['forward-long-rows', 'forward --shape 8x20000'],
  ['forward-long-row-pairs', 'forward --shape 7x9001 --dtype float16'],
  ['forward-sums-of-sections', 'forward --shape 2x100000 --dispatch 1'],
  ['forward-of-sections', 'forward --shape 2x100000 --rstd --dispatch 2'],
  ['forward-by-elements', 'forward --shape 2x64x3 --dtype bfloat16 --dispatch 2'],
  ['sum-squares', 'sumSquares --shape 8x4096'],
  ['scale-by', 'scaleBy --shape 8x4096'],
  // Backward in a single pass.
  ['backward-rows', 'backward --shape 8x512 --bias --rstd --eps-mode clamp --dispatch 1'],
  ['backward-rows-totals', 'backward --shape 8x512 --bias --dispatch 2'],
  ['backward-row-pairs', 'backward --shape 7x99 --groups 3 --dtype float16 --dsum --dispatch 1'],
  ['backward-sums-of-sections', 'backward --shape 4x10000 --dispatch 1'],
  ['backward-of-sections', 'backward --shape 4x10000 --dispatch 2'],
  // Backward in several passes.
  ['backward-statistics', 'backward --shape 2x64x3 --dtype float16 --dispatch 1'],
  ['backward-statistics-of-sections', 'backward --shape 1x65537 --dtype float16 --dispatch 2'],
  ['backward-blocks', 'backward --shape 2x64x3 --dtype float16 --dispatch 2'],
  ['backward-partial-sums', 'backward --shape 2x3x5 --dtype float16 --bias --dispatch 2'],
  ['backward-dx', 'backward --shape 2x3x5 --dtype float16 --dispatch 3'],
  ['backward-partial-totals', 'backward --shape 2x3x5 --dtype float16 --bias --dispatch 4'],
  // int8.
  ['quantized-rows', 'forwardQuantized --shape 8x512'],
  ['quantized-groups', 'forwardQuantized --shape 8x512 --groups 4 --dtype float16'],
  ['quantized-largest-of-sections', 'forwardQuantized --shape 2x100000 --dispatch 2'],
  ['quantized-sections', 'forwardQuantized --shape 2x100000 --dispatch 3'],
])('%s: pnpm wgsl %s', async (name, command) => {
  const { stdout, stderr } = wgslCommand(command.split(' '));
  expect(stderr).toBe('');
  await expect(`// pnpm wgsl ${command}\n${stdout}`).toMatchFileSnapshot(`shaders/${name}.wgsl`);
});
