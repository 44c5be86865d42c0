// `pnpm release`. The program is release.ts, which Vite loads, as the oldest Node that is supported does not run TypeScript.
import { runnerImport } from 'vite';

const { module } = await runnerImport(new URL('release.ts', import.meta.url).pathname);
process.exitCode = await module.main(process.argv.slice(2));
