import type { Consumer } from '../consumer.ts';
import { testFile } from '../kinds/test-file.ts';

/** Jest runs modules with a flag of Node's; that is its own way. */
export const jest: Consumer = {
  name: 'Jest with jsdom',
  needs: { jest: '30', 'jest-environment-jsdom': '30' },
  files: {
    'program.test.js': testFile(
      "import { writeFileSync } from 'node:fs';\nimport { expect, test } from '@jest/globals';",
    ).replace(
      "console.log('answer ' + JSON.stringify(answer))",
      "writeFileSync('answer.json', JSON.stringify(answer))",
    ),
  },
  threads: 'two',
  run: async (project) => {
    await project.exec(process.execPath, '--experimental-vm-modules', 'node_modules/jest/bin/jest.js', '--env=jsdom');
    return { test: await project.answer(process.execPath, '-p', "require('fs').readFileSync('answer.json', 'utf8')") };
  },
};
