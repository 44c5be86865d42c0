// Bundles src/threads/worker.ts into the one script that a worker runs, src/generated/worker.js and dist/generated/worker.js, and its text,
// src/generated/worker-text.ts.

import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));

const [{ output }] = await build({
  configFile: false,
  logLevel: 'error',
  root,
  build: {
    write: false,
    target: 'es2022',
    minify: true,
    lib: { entry: 'src/threads/worker.ts', formats: ['es'] },
  },
});
const code = output[0].code.trim();
for (const folder of ['src/generated/', 'dist/generated/']) {
  await mkdir(root + folder, { recursive: true });
  await writeFile(`${root}${folder}worker.js`, `${code}\n`);
}
await writeFile(`${root}src/generated/worker-text.ts`, `export const WORKER_TEXT: string = ${JSON.stringify(code)};\n`);
