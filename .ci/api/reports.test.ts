import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../workspace.ts';
import { makeReports, reportedPackages, reportOf } from './reports.ts';

test('the API reports say what is built', () => {
  const reports = makeReports();
  expect([...reports.keys()]).toEqual(reportedPackages.map(({ path }) => path));
  for (const [path, text] of reports) {
    const file = join(root, reportOf({ path }));
    const written = existsSync(file) ? readFileSync(file, 'utf8') : '';
    expect.soft(text, `${reportOf({ path })}: pnpm build && pnpm api`).toBe(written);
  }
});
