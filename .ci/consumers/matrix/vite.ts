import type { Consumer } from '../consumer.ts';
import { answersAt } from '../pages.ts';
import { SOURCES } from '../program.ts';

/** In a build and in the dev server; a worker of the user's imports our packages. */
export const vite = (major: number): Consumer => ({
  name: `Vite ${major}, build and dev server`,
  needs: { vite: String(major) },
  files: {
    ...SOURCES,
    'dev.mjs': `
import { createServer } from 'vite';

const server = await createServer({ logLevel: 'error', server: { host: 'localhost', port: 0, headers: {
  'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' } } });
await server.listen();
process.send(server.resolvedUrls.local[0]);
process.on('disconnect', () => process.exit());
`,
  },
  threads: 'two',
  ...(major === 7 && { inCI: true as const }),
  run: async (project) => {
    await project.exec('vite', 'build', '--logLevel', 'error');
    const built = await project.page('dist');
    const dev = await project.serve('dev.mjs', answersAt);
    return {
      'page, built': built.page!,
      'worker, built': built.worker!,
      'page, dev': dev.page!,
      'worker, dev': dev.worker!,
    };
  },
});
