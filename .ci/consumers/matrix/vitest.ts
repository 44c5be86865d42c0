import type { Consumer } from '../consumer.ts';
import { testFile } from '../kinds/test-file.ts';

const ANSWER = /answer (\{.*?\})\s*$/m;

export const vitest: Consumer = {
  name: 'Vitest with jsdom',
  needs: { vitest: '4', jsdom: '27' },
  files: { 'program.test.js': testFile("import { expect, test } from 'vitest';") },
  threads: 'two',
  run: async (project) => {
    const stdout = await project.exec('vitest', 'run', '--environment', 'jsdom', '--reporter', 'verbose');
    return { test: JSON.parse(ANSWER.exec(stdout)![1]!) };
  },
};
