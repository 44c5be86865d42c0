import type { Consumer } from '../consumer.ts';
import { builtFromEntries } from '../kinds/built-from-entries.ts';

// It leaves `new Worker(new URL(...))` as it is: the user builds the worker, and ours is started from its text.
export const esbuild: Consumer = builtFromEntries(
  'esbuild',
  { esbuild: '*' },
  'esbuild page.js worker.js --bundle --minify --format=esm --outdir=dist',
);
