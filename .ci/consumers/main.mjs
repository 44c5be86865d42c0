// `pnpm consumers [part of a name ...]`: see consumers.ts, which Vite loads, as the oldest Node that is supported does not run TypeScript.
import { runnerImport } from 'vite';

const { module } = await runnerImport(new URL('consumers.ts', import.meta.url).pathname);
process.exitCode = await module.consumers(process.argv.slice(2));
