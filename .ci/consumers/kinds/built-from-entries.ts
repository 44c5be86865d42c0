import type { Consumer } from '../consumer.ts';
import { HTML, PAGE, WORKER } from '../program.ts';

/** A bundler that takes entries on its command line, and writes into dist. */
export const builtFromEntries = (name: string, needs: Consumer['needs'] & object, line: string): Consumer => ({
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
