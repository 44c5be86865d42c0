import type { Consumer } from '../consumer.ts';
import { DENO_NEEDS, denoOf } from '../kinds/deno-program.ts';
import { PRINTED } from '../program.ts';

export const deno: Consumer = {
  name: 'Deno',
  needs: DENO_NEEDS,
  files: { 'main.mjs': PRINTED },
  threads: 'two',
  run: async (project) => ({ program: await project.answer(denoOf(project), 'run', '--allow-all', 'main.mjs') }),
};
