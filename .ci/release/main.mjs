// `pnpm release`. The program is release.ts, which Vite loads, as the oldest Node that is supported does not run TypeScript.
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const { module } = await runnerImport(fileURLToPath(new URL('release.ts', import.meta.url)));
process.exitCode = await module.main(process.argv.slice(2));
