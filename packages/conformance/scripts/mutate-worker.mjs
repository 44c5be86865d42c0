// A thread of scripts/mutate.mjs.
import { runnerImport } from 'vite';

const { module } = await runnerImport(new URL('../test/mutation/worker.ts', import.meta.url).pathname);
module.serve((address) => import(address));
