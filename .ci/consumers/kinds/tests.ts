import type { Consumer } from '../consumer.ts';

const TEST = (imports: string): string => `${imports}
import { check } from './program.js';

test('rmsnorm', async () => {
  const answer = await check();
  console.log('answer ' + JSON.stringify(answer));
  expect(answer.rms).toBeCloseTo(1);
});
`;

const ANSWER = /answer (\{.*?\})\s*$/m;

const vitest: Consumer = {
  name: 'Vitest with jsdom',
  needs: { vitest: '4', jsdom: '27' },
  files: { 'program.test.js': TEST("import { expect, test } from 'vitest';") },
  threads: 'two',
  run: async (project) => {
    const stdout = await project.exec('vitest', 'run', '--environment', 'jsdom', '--reporter', 'verbose');
    return { test: JSON.parse(ANSWER.exec(stdout)![1]!) };
  },
};

/** Jest runs modules with a flag of Node's; that is its own way. */
const jest: Consumer = {
  name: 'Jest with jsdom',
  needs: { jest: '30', 'jest-environment-jsdom': '30' },
  files: {
    'program.test.js': TEST(
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

export const TESTS: readonly Consumer[] = [vitest, jest];
