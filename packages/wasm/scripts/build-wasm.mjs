// Compiles assembly/ to dist/rmsnorm.wasm and inlines it, as text, into src/generated/wasm-text.ts; src/generated/descriptor/
// says where the fields of assembly/descriptor.ts lie.

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import binaryen from 'assemblyscript/binaryen';
import { descriptorLayout } from './descriptor-layout.mjs';
import { encodeText } from './encode-text.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The text of the compiled module. */
async function compile(layout) {
  let text;
  const { error, stderr } = await asc.main(
    [
      'assembly/index.ts',
      '--textFile=module.wat',
      // What assembly/index.ts exports as `layoutHash`: the host compares it with its own.
      `--use=LAYOUT=${layout}`,
      '--runtime=stub',
      // The host creates the memory, so that it can choose the maximum.
      '--importMemory',
      '--enable=simd',
      '--noAssert',
      '--optimizeLevel=1',
      '--shrinkLevel=0',
      // A thirtieth smaller; the loops stay what they are.
      '--runPasses=optimize-instructions,rse,vacuum',
    ],
    {
      writeFile: (name, contents) => {
        if (name === 'module.wat') text = contents;
      },
      baseDir: root,
    },
  );
  if (error) throw new Error(`asc: ${error.message}\n${stderr.toString()}`);
  return text;
}

/** The same module, with functions of a kind side by side, loops of SIMD instructions first: that compresses better, by a hundredth. */
function ordered(text) {
  const [head, ...functions] = text.split(/(?=^ \(func )/m);
  const end = functions.at(-1).lastIndexOf('\n)') + 1;
  const tail = functions.at(-1).slice(end);
  functions.push(functions.pop().slice(0, end));
  const share = (code, instruction) => code.match(instruction)?.length / code.split('\n').length || 0;
  // Integer loads are mostly those of a descriptor's fields.
  const rank = (code) => share(code, /\b(v128|[if]\d+x\d+)\./g) - share(code, /\bi32\.load/g);
  return [head, ...functions.toSorted((a, b) => rank(b) - rank(a)), tail].join('');
}

function assemble(text) {
  const module = binaryen.parseText(text);
  module.setFeatures(binaryen.Features.SIMD128 | binaryen.Features.BulkMemory);
  return module.emitBinary();
}

async function write(path, contents) {
  const file = `${root}${path}`;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, contents);
}

const { layout, modules } = await descriptorLayout(new URL('../assembly/', import.meta.url));
for (const [name, code] of Object.entries(modules)) {
  await write(
    `src/generated/descriptor/${name}.ts`,
    `// Made by scripts/build-wasm.mjs from assembly/descriptor.ts: places of its fields, in units of their own size, or codes.\n${code}`,
  );
}
const wasm = assemble(ordered(await compile(layout)));
await write('dist/rmsnorm.wasm', wasm);
await write(
  'src/generated/wasm-text.ts',
  `// Made by scripts/build-wasm.mjs from assembly/.\nexport const WASM_TEXT: string =\n  '${encodeText(wasm)}';\n`,
);
