// Compiles assembly/ to dist/rmsnorm.wasm and inlines it, as text, into src/generated/wasm-text.ts.

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { encodeText } from './encode-text.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Compiles one entry of assembly/ with the flags that every module here uses, and gives its bytes. */
export async function compile(entry) {
  let bytes;
  const { error, stderr } = await asc.main(
    [
      entry,
      '--outFile=out.wasm',
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
        if (name === 'out.wasm') bytes = contents;
      },
      baseDir: root,
    },
  );
  if (error) throw new Error(`asc ${entry}: ${error.message}\n${stderr.toString()}`);
  return bytes;
}

async function write(path, contents) {
  const file = `${root}${path}`;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, contents);
}

const wasm = await compile('assembly/index.ts');
await write('dist/rmsnorm.wasm', wasm);
await write(
  'src/generated/wasm-text.ts',
  `// Made by scripts/build-wasm.mjs from assembly/.\nexport const WASM_TEXT: string =\n  '${encodeText(wasm)}';\n`,
);
