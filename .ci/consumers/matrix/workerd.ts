import type { Consumer } from '../consumer.ts';

/** Cloudflare's runtime: it compiles no bytes, so that the module is imported, and has no workers. */
export const workerd: Consumer = {
  name: 'workerd (Cloudflare Workers)',
  needs: { miniflare: '4', esbuild: '0.28' },
  files: {
    'worker.js': `
import module from '@rmsnorm/wasm/rmsnorm.wasm';
import { check } from './program.js';

export default { fetch: async () => Response.json(await check({ module })) };
`,
    'main.mjs': `
import { build } from 'esbuild';
import { Miniflare } from 'miniflare';

await build({ entryPoints: ['worker.js'], bundle: true, format: 'esm', outfile: 'dist/worker.js', loader: { '.wasm': 'copy' }, assetNames: '[name]' });
const flare = new Miniflare({
  scriptPath: 'dist/worker.js', modules: true, modulesRules: [{ type: 'CompiledWasm', include: ['**/*.wasm'] }],
  compatibilityDate: '2026-01-01',
});
const response = await flare.dispatchFetch('http://localhost/');
console.log(await response.text());
await flare.dispose();
`,
  },
  threads: /one thread, not 2: this engine has no workers$/,
  run: async (project) => ({ worker: await project.answer(process.execPath, 'main.mjs') }),
};
