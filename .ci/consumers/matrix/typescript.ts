import type { Answer, Consumer } from '../consumer.ts';
import { PRINTED } from '../program.ts';

const SOURCE = `
import { type Backend, pickBackend, RMSNorm, reference, type Tensor } from '@rmsnorm/core';
import { createBackend, type Driver } from '@rmsnorm/core/driver';
import { wasm, type WasmBackend } from '@rmsnorm/wasm';
import { type Threads, threads } from '@rmsnorm/wasm/threads';
import { type WebGPUOptions, webgpu } from '@rmsnorm/webgpu';
import { cuda } from '@rmsnorm/cuda';

export const several: Threads = threads(2);
export const backend: Promise<Backend> = pickBackend([cuda(), webgpu({ software: false } satisfies WebGPUOptions), wasm({ threads: several }), reference()]);
export const own = (driver: Driver<object>): Backend => createBackend(driver);
export async function normalize(with_: WasmBackend): Promise<Float32Array> {
  const y: Tensor<'float32'> = new RMSNorm(4).forward(with_.tensor([1, 2, 3, 4], [1, 4]));
  return y.data();
}
`;

const LIBS = { es2022: ['es2022'], 'es2022 and dom': ['es2022', 'dom'] } as const;
const MODULES = { nodenext: 'nodenext', bundler: 'esnext' } as const;

/** Nothing of ours is skipped: declarations are checked too. */
export const typescript = (version: string): Consumer => ({
  name: `TypeScript ${version}, nodenext and bundler, with and without dom`,
  needs: { typescript: version },
  files: { 'main.mjs': PRINTED, 'index.ts': SOURCE },
  threads: 'two',
  ...(version === '5.7' && { inCI: true as const }),
  run: async (project) => {
    const answers: Record<string, Answer> = {};
    for (const [moduleResolution, module] of Object.entries(MODULES)) {
      for (const [name, lib] of Object.entries(LIBS)) {
        const compilerOptions = {
          module,
          moduleResolution,
          lib,
          target: 'es2022',
          strict: true,
          skipLibCheck: false,
          types: [],
          noEmit: true,
        };
        await project.write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['index.ts'] }));
        await project.exec('tsc', '-p', '.');
        answers[`${moduleResolution}, ${name}`] = await project.answer(process.execPath, 'main.mjs');
      }
    }
    return answers;
  },
});
