import type { Consumer } from '../consumer.ts';
import { PRINTED } from '../program.ts';

export const bun: Consumer = {
  name: 'Bun',
  needs: { bun: '1' },
  files: { 'main.mjs': PRINTED },
  threads: 'two',
  run: async (project) => ({ program: await project.answer('bun', 'main.mjs') }),
};
