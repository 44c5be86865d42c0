import type { Consumer } from '../consumer.ts';
import { WORKER } from '../program.ts';

/** A worker of the user's, bundled by esbuild, and the page that starts it. */
export const inAWorker = (name: string, page: string, threads: 'two' | RegExp, worker = WORKER): Consumer => ({
  name,
  needs: { esbuild: '*' },
  files: {
    'worker.js': worker,
    'dist/index.html': '<!doctype html><title>page</title><script type="module" src="./page.js"></script>',
    'dist/page.js': page,
  },
  threads,
  inCI: true,
  run: async (project) => {
    await project.exec('esbuild', 'worker.js', '--bundle', '--format=esm', '--outdir=dist');
    return project.page('dist');
  },
});
