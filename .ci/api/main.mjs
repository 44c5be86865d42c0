// `pnpm api`: writes the API reports anew. Vite loads TypeScript, as the oldest Node that is supported does not run it.
import { runnerImport } from 'vite';

const { module } = await runnerImport(new URL('reports.ts', import.meta.url).pathname);
module.writeReports();
