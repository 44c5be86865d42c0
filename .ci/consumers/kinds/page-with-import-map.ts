import type { Consumer } from '../consumer.ts';

/** An inline script. */
export const IMPORT_MAP = JSON.stringify({
  imports: {
    '@rmsnorm/core': '/node_modules/@rmsnorm/core/dist/index.js',
    '@rmsnorm/wasm': '/node_modules/@rmsnorm/wasm/dist/index.js',
    '@rmsnorm/wasm/threads': '/node_modules/@rmsnorm/wasm/dist/threads/index.js',
  },
});
const SCRIPT = `import { check } from './program.js';
globalThis.answer = check().then((page) => ({ page }));`;
const html = (map: string): string =>
  `<!doctype html><title>page</title><script type="importmap">${map}</script><script type="module" src="./page.js"></script>`;

/** No bundler: import maps reach pages, but no workers, so that the user bundles those. */
export const pageWithImportMap = (name: string, headers: Readonly<Record<string, string>>): Consumer => ({
  name,
  files: { 'index.html': html(IMPORT_MAP), 'page.js': SCRIPT },
  threads: 'two',
  inCI: true,
  run: (project) => project.page('.', 'index.html', headers),
});
