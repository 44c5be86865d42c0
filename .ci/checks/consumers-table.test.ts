import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CONSUMERS } from '../consumers/matrix.ts';
import { documentOf } from '../consumers/table.ts';
import { root } from '../workspace.ts';

// `pnpm consumers` writes the table, and `pnpm release` refuses while the run changes it.
test('the table of .ci/consumers/README.md is that of the consumers that there are, and all work', () => {
  const outcomes = CONSUMERS.map((consumer) => ({ consumer, answers: {}, failure: null }));
  const withoutAnswers = (text: string): string => text.replace(/^(\| [^|]* \| works \|).*$/gm, '$1');
  const written = readFileSync(join(root, '.ci/consumers/README.md'), 'utf8');
  expect(withoutAnswers(written), 'pnpm consumers').toBe(withoutAnswers(documentOf(outcomes)));
});
