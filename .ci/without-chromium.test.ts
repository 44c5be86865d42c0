import { relative } from 'node:path';
import { test } from 'vitest';
import { howToGetChromium } from './chromium.ts';
import { lacking } from './requirements.ts';
import { filesIn, root, workspacePackages } from './workspace.ts';

// Stands in for the browser tests of one package where there is no Chromium.
const [name] = (process.env.RMSNORM_PROJECT ?? '').split(' ');
const browserTests = workspacePackages
  .filter(({ path }) => path === `packages/${name}`)
  .flatMap((pkg) => [...filesIn(pkg, 'src'), ...filesIn(pkg, 'test')])
  .filter((file) => file.endsWith('.browser.test.ts') && !file.includes('.whole.'));

for (const file of browserTests) {
  test(relative(root, file), ({ skip }) => lacking(skip, howToGetChromium));
}
