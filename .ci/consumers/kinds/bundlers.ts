import type { Consumer } from '../consumer.ts';
import { answersAt } from '../pages.ts';
import { HTML, PAGE, WORKER } from '../program.ts';

const SOURCES = { 'index.html': HTML, 'page.js': PAGE, 'worker.js': WORKER };

/** In a build and in the dev server; a worker of the user's imports our packages. */
const vite = (major: number): Consumer => ({
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

/** A bundler that takes entries on its command line, and writes into dist. */
const fromEntries = (name: string, needs: Consumer['needs'] & object, line: string): Consumer => ({
  name,
  needs,
  files: { 'page.js': PAGE, 'worker.js': WORKER, 'dist/index.html': HTML },
  threads: 'two',
  inCI: true,
  run: async (project) => {
    const [program, ...args] = line.split(' ');
    await project.exec(program!, ...args);
    return project.page('dist');
  },
});

const webpack = fromEntries(
  'webpack 5',
  { webpack: '5', 'webpack-cli': '*' },
  'webpack --mode production --entry ./page.js --output-filename page.js',
);

// These two leave `new Worker(new URL(...))` as it is: the user builds the worker, and ours is started from its text.
const rollup = fromEntries(
  'Rollup 4',
  { rollup: '4', '@rollup/plugin-node-resolve': '*' },
  'rollup page.js worker.js --dir dist --format es --plugin node-resolve',
);
const esbuild = fromEntries(
  'esbuild',
  { esbuild: '*' },
  'esbuild page.js worker.js --bundle --minify --format=esm --outdir=dist',
);

const parcel: Consumer = {
  name: 'Parcel 2, as it is',
  needs: { parcel: '2' },
  files: SOURCES,
  threads: 'two',
  inCI: true,
  run: async (project) => {
    await project.exec('parcel', 'build', 'index.html', '--no-source-maps', '--no-cache');
    return project.page('dist');
  },
};

const next: Consumer = {
  name: 'Next.js 16',
  needs: { next: '16', react: '19', 'react-dom': '19' },
  files: {
    'next.config.mjs': "export default { output: 'export' };",
    'app/layout.jsx': 'export default ({ children }) => <html><body>{children}</body></html>;',
    'app/page.jsx': `
'use client';
import { useEffect } from 'react';
import { check } from '../program.js';

export default function Page() {
  useEffect(() => {
    globalThis.answer = check().then((page) => ({ page }));
  }, []);
  return <p>RMSNorm</p>;
}
`,
  },
  threads: 'two',
  run: async (project) => {
    await project.exec('next', 'build');
    return project.page('out');
  },
};

export const BUNDLERS: readonly Consumer[] = [vite(7), vite(8), webpack, rollup, esbuild, parcel, next];
