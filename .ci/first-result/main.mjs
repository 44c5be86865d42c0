// What `pnpm bench --filter npx` starts: see first-result.ts, which Vite loads, as the oldest Node that is supported does not run TypeScript.
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const { module } = await runnerImport(fileURLToPath(new URL('first-result.ts', import.meta.url)));
console.log(JSON.stringify(await module.firstResult(Number(process.argv[2]))));
