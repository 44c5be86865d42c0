// `pnpm consumers [part of a name ...]`: see consumers.ts, which Vite loads, as the oldest Node that is supported does not run TypeScript.
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const { module } = await runnerImport(fileURLToPath(new URL('consumers.ts', import.meta.url)));
process.exitCode = await module.consumers(process.argv.slice(2));
