// `pnpm api`: writes the API reports anew. Vite loads TypeScript, as the oldest Node that is supported does not run it.
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const { module } = await runnerImport(fileURLToPath(new URL('reports.ts', import.meta.url)));
module.writeReports();
