// Compiles assembly/copy.ts with the flags of packages/wasm, and writes it as a module of hexadecimal digits, which
// Node and pages load alike.

import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = fileURLToPath(new URL('..', import.meta.url));
let bytes;
const { error, stderr } = await asc.main(
  [
    'assembly/copy.ts',
    '--outFile=copy.wasm',
    '--runtime=stub',
    '--importMemory',
    '--enable=simd,bulk-memory',
    '--noAssert',
    '--optimizeLevel=1',
    '--shrinkLevel=0',
  ],
  {
    baseDir: root,
    writeFile: (name, contents) => {
      if (name === 'copy.wasm') bytes = contents;
    },
  },
);
if (error) throw new Error(`asc assembly/copy.ts: ${error.message}\n${stderr.toString()}`);
await mkdir(`${root}src/generated`, { recursive: true });
await writeFile(
  `${root}src/generated/copy-hex.ts`,
  `// Made by scripts/build-copy.mjs from assembly/.\nexport const COPY_HEX: string =\n  '${Buffer.from(bytes).toString('hex')}';\n`,
);
