// `pnpm test`. The program is .ci/test.ts, which Vite loads, as the oldest Node that is supported does not run TypeScript.
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const { module } = await runnerImport(fileURLToPath(new URL('test.ts', import.meta.url)));
process.exitCode = await module.test(process.argv.slice(2));
