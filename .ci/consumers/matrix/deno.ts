import { join } from 'node:path';
import type { Consumer } from '../consumer.ts';
import { PRINTED } from '../program.ts';

export const deno: Consumer = {
  name: 'Deno',
  needs: { '@deno/linux-x64-glibc': '2' },
  files: { 'main.mjs': PRINTED },
  threads: 'two',
  run: async (project) => {
    const program = join(project.dir, 'node_modules/@deno/linux-x64-glibc/deno');
    return { program: await project.answer(program, 'run', '--allow-all', 'main.mjs') };
  },
};
