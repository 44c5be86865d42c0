// `pnpm test`. The program is .ci/test.ts, which Vite loads, as the oldest Node that is supported does not run TypeScript.
import { runnerImport } from 'vite';

const { module } = await runnerImport(new URL('test.ts', import.meta.url).pathname);
process.exitCode = await module.test(process.argv.slice(2));
