import { createHash } from 'node:crypto';
import type { Consumer } from '../consumer.ts';
import { WORKER } from '../program.ts';

const IMPORT_MAP = JSON.stringify({
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
const page = (name: string, headers: Readonly<Record<string, string>>): Consumer => ({
  name,
  files: { 'index.html': html(IMPORT_MAP), 'page.js': SCRIPT },
  threads: 'two',
  inCI: true,
  run: (project) => project.page('.', 'index.html', headers),
});

/** The hash of the import map, which is an inline script. */
const hash = `'sha256-${createHash('sha256').update(IMPORT_MAP).digest('base64')}'`;

const inWorker = (name: string, page: string, threads: Consumer['threads'], worker = WORKER): Consumer => ({
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

export const PAGES: readonly Consumer[] = [
  page('A page with an import map', {}),
  page('A page under a strict Content-Security-Policy', {
    'Content-Security-Policy': `default-src 'none'; script-src 'self' 'wasm-unsafe-eval' ${hash}; worker-src 'self'`,
  }),
  page('A page under Trusted Types', {
    'Content-Security-Policy': "require-trusted-types-for 'script'; trusted-types rmsnorm",
  }),
  inWorker(
    'A worker',
    `const worker = new Worker('./worker.js', { type: 'module' });
globalThis.answer = new Promise((resolve) => {
  worker.onmessage = ({ data }) => resolve({ worker: data });
});`,
    'two',
  ),
  inWorker(
    'A service worker',
    `const registration = await navigator.serviceWorker.register('./worker.js', { type: 'module' });
const { port1, port2 } = new MessageChannel();
globalThis.answer = new Promise((resolve) => {
  port1.onmessage = ({ data }) => resolve({ worker: data });
});
(registration.installing ?? registration.active).postMessage('check', [port2]);`,
    /one thread, not 2: this engine has no workers$/,
    `import { check } from './program.js';
addEventListener('message', (event) => event.waitUntil(check().then((answer) => event.ports[0].postMessage(answer))));`,
  ),
  inWorker(
    'An AudioWorklet',
    `const context = new OfflineAudioContext(1, 128, 44100);
await context.audioWorklet.addModule('./worker.js');
const node = new AudioWorkletNode(context, 'check');
globalThis.answer = new Promise((resolve) => {
  node.port.onmessage = ({ data }) => resolve({ worklet: data });
});
await context.startRendering();`,
    /one thread, not 2: this engine has no workers$/,
    `import { check } from './program.js';
registerProcessor('check', class extends AudioWorkletProcessor {
  constructor() {
    super();
    check().then((answer) => this.port.postMessage(answer));
  }
  process() {
    return false;
  }
});`,
  ),
];
