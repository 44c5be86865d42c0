import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../workspace.ts';
import type { Consumer } from '../consumer.ts';
import { DENO_NEEDS, denoOf } from '../kinds/deno-program.ts';
import type { Project } from '../project.ts';

const README = readFileSync(join(root, 'packages/conformance/README.md'), 'utf8');

/** A right backend, on all cases; or one whose name is not its provider's, on those that see it. */
const BACKEND = `
import { wasm } from '@rmsnorm/wasm';

const isWrong = process.env.WRONG === '1';
export const myBackend = () => (isWrong ? { ...wasm(), name: 'other' } : wasm());
export const options = isWrong ? { filter: 'supports/' } : {};
`;

/** The line of the suite's README for a test runner. */
function lineFor(runner: string): string {
  const [, line] = new RegExp(`^\\| ${runner} \\| \`([^\`]+)\``, 'm').exec(README) ?? [];
  if (!line?.includes('myBackend()')) throw new Error(`packages/conformance/README.md has no line for ${runner}`);
  return line.replace('myBackend()', 'myBackend(), options');
}

/** Runs the file of tests. Rejects where it fails. */
type RunTests = (project: Project, file: string) => Promise<unknown>;

const suiteIn = (runner: string, imports: string, needs: Consumer['needs'] & object, runTests: RunTests): Consumer => ({
  name: `The conformance suite in ${runner}`,
  needs,
  files: {
    'backend.js': BACKEND,
    'suite.test.js': `${imports}
import { assertConformance } from '@rmsnorm/conformance';
import { myBackend, options } from './backend.js';

${lineFor(runner)}
`,
  },
  run: async (project) => {
    await runTests(project, './suite.test.js');
    const refusal = await runTests(project.with({ WRONG: '1' }), './suite.test.js').catch(String);
    if (!/the backend does not conform[\s\S]*FAIL {2}supports\//.test(String(refusal)))
      throw new Error(`a wrong backend was not refused, or not with a report:\n${refusal}`);
    return { test: null };
  },
});

export const suite: readonly Consumer[] = [
  suiteIn('Jest', "import { test } from '@jest/globals';", { jest: '30' }, (project, file) =>
    project
      .with({ NODE_OPTIONS: '--experimental-vm-modules' })
      .exec(process.execPath, 'node_modules/jest/bin/jest.js', file),
  ),
  suiteIn('Bun', "import { test } from 'bun:test';", { bun: '1' }, (project, file) =>
    project.exec('bun', 'test', file),
  ),
  suiteIn('Deno', '', DENO_NEEDS, (project, file) => project.exec(denoOf(project), 'test', '--allow-all', file)),
];
