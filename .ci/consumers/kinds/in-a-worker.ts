import type { Consumer } from '../consumer.ts';
import { HTML, WORKER } from '../program.ts';

/** A worker of the user's, bundled by esbuild, and the page that starts it. */
export const inAWorker = (name: string, page: string, threads: 'two' | RegExp, worker = WORKER): Consumer => ({
  name,
  needs: { esbuild: '*' },
  files: {
    'worker.js': worker,
    'dist/index.html': HTML,
    'dist/page.js': page,
  },
  threads,
  inCI: true,
  run: async (project) => {
    await project.exec('esbuild', 'worker.js', '--bundle', '--format=esm', '--outdir=dist');
    return project.page('dist');
  },
});
