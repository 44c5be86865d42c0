// Bundles src/threads/worker.ts into a script and inlines it, as text, into src/generated/worker-text.ts.

import { writeFile } from 'node:fs/promises';
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
    lib: { entry: 'src/threads/worker.ts', formats: ['iife'], name: 'worker' },
  },
});
await writeFile(
  `${root}src/generated/worker-text.ts`,
  `// Made by scripts/build-worker.mjs from src/threads/worker.ts.\nexport const WORKER_TEXT: string = ${JSON.stringify(output[0].code)};\n`,
);
