// A thread of scripts/mutate.mjs.
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const { module } = await runnerImport(fileURLToPath(new URL('../test/mutation/worker.ts', import.meta.url)));
module.serve((address) => import(address));
