import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { wgslCommand } from '../../scripts/wgsl-command.mjs';

// One shader for each kind of kernel, as `pnpm wgsl` prints it: read them beside the code that makes them. Declarations that
// stand in that code as they are, or in an earlier shader, are only named, with the file that has them.
const COMMANDS: readonly (readonly [name: string, command: string])[] = [
  // Tiles in registers.
  ['forward-rows', 'forward --shape 8x32 --rstd'],
  ['forward-ragged-rows', 'forward --shape 1000x30 --rstd --dtype bfloat16 --axis -1 --partial 0.5'],
  ['forward-without-subgroups', 'forward --shape 8x32 --rstd --no-subgroups --weight-offset 1'],
  ['forward-on-a-cpu', 'forward --shape 8x1024 --rstd --subgroups 4'],
  ['forward-shader-f16', 'forward --shape 8x32 --rstd --dtype float16 --casting llama --shader-f16'],
  ['forward-columns', 'forward --shape 2x9x4x4'],
  ['forward-row-pairs', 'forward --shape 7x9 --dtype float16 --bias'],
  ['add-forward-in-place', 'addForward --shape 8x32 --rstd --dtype float16 --casting llama --float16 bits --in-place'],
  ['gated-forward-gate-first', 'gatedForward --shape 8x32 --rstd'],
  ['gated-forward-norm-first', 'gatedForward --shape 8x32 --rstd --norm-before-gate'],
  // Tiles in loops.
  ['forward-long-rows', 'forward --shape 8x20000'],
  ['forward-long-row-pairs', 'forward --shape 7x9001 --dtype float16 --in-place --no-affine'],
  ['forward-sums-of-sections', 'forward --shape 2x100000 --dispatch 1'],
  ['forward-of-sections', 'forward --shape 2x100000 --dispatch 2'],
  ['forward-statistics', 'forward --shape 2x64x3 --dtype bfloat16 --dispatch 1'],
  ['forward-by-elements', 'forward --shape 2x64x3 --dtype bfloat16 --dispatch 2'],
  ['sum-squares', 'sumSquares --shape 8x32'],
  ['scale-by', 'scaleBy --shape 8x32'],
  // Backward in a single pass.
  ['backward-rows', 'backward --shape 8x32 --bias --dispatch 1'],
  ['backward-rows-totals', 'backward --shape 8x32 --bias --dispatch 2'],
  ['backward-row-pairs', 'backward --shape 7x27 --groups 3 --dtype float16 --dsum --subgroups 4 --dispatch 1'],
  ['backward-sums-of-sections', 'backward --shape 4x10000 --dispatch 1'],
  ['backward-of-sections', 'backward --shape 4x10000 --no-affine --subgroups 4 --dispatch 2'],
  // Backward in several passes.
  ['backward-statistics', 'backward --shape 2x64x3 --dtype bfloat16 --dispatch 1'],
  ['backward-statistics-of-sections', 'backward --shape 1x65537 --dtype bfloat16 --dispatch 2'],
  ['backward-blocks', 'backward --shape 2x64x3 --dtype bfloat16 --dispatch 2'],
  ['backward-partial-sums', 'backward --shape 2x3x5 --dtype bfloat16 --bias --dispatch 2'],
  ['backward-dx', 'backward --shape 2x3x5 --dtype bfloat16 --dispatch 3'],
  ['backward-partial-totals', 'backward --shape 2x3x5 --dtype bfloat16 --bias --dispatch 4'],
  // int8.
  ['quantized-rows', 'forwardQuantized --shape 8x32'],
  ['quantized-groups', 'forwardQuantized --shape 8x128 --groups 4'],
  ['quantized-largest-of-sections', 'forwardQuantized --shape 2x100000 --no-affine --dispatch 2'],
  ['quantized-sections', 'forwardQuantized --shape 2x100000 --dispatch 3'],
];

const sources = fileURLToPath(new URL('../../src/kernels/', import.meta.url));

/** Text without indentation and empty lines. */
function bare(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .join('\n');
}

/** The files in which a declaration may stand already: the kernels' own, then the shaders shown so far. */
const known = readdirSync(sources, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.replaceAll('\\', '/'))
  .sort()
  .map((name) => ({ file: `src/kernels/${name}`, text: bare(readFileSync(sources + name, 'utf8')) }));

/** What is declared. */
function namesIn(declaration: string): string[] {
  const names = declaration.matchAll(/^(?:(?:enable|struct|alias|const|var(?:<\w+>)?|fn) (\w+)|(diagnostic\(.*\)))/gm);
  return [...names].map(([, name, diagnostic]) => (name ?? diagnostic)!);
}

function snapshotOf(name: string, command: string): string {
  const { stdout, stderr } = wgslCommand(command.split(' '));
  if (stderr) throw new Error(stderr);
  const [heading, ...declarations] = stdout.trimEnd().split(/\n\n(?=\S)/);
  const here: string[] = [];
  const elsewhere = new Map<string, string[]>();
  for (const declaration of declarations) {
    const text = bare(declaration);
    const file = known.find((one) => one.text.includes(text))?.file;
    if (file === undefined) here.push(declaration);
    else elsewhere.set(file, [...(elsewhere.get(file) ?? []), ...namesIn(declaration)]);
  }
  known.push({ file: `${name}.wgsl`, text: here.map(bare).join('\n') });
  const references = [...elsewhere].map(([file, names]) => `//   ${file}: ${names.join(', ')}`);
  const top = [`// pnpm wgsl ${command}`, heading];
  if (references.length > 0) top.push('// Declared elsewhere, as printed by the command above:', ...references);
  return `${top.join('\n')}\n\n${here.join('\n\n')}\n`;
}

const SNAPSHOTS = COMMANDS.map(([name, command]) => ({ name, text: snapshotOf(name, command) }));

test.each(SNAPSHOTS)('$name', async ({ name, text }) => {
  await expect(text).toMatchFileSnapshot(`shaders/${name}.wgsl`);
});
