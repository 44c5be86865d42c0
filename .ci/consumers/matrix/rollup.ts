import type { Consumer } from '../consumer.ts';
import { builtFromEntries } from '../kinds/built-from-entries.ts';

// It leaves `new Worker(new URL(...))` as it is: the user builds the worker, and ours is started from its text.
export const rollup: Consumer = builtFromEntries(
  'Rollup 4',
  { rollup: '4', '@rollup/plugin-node-resolve': '*' },
  'rollup page.js worker.js --dir dist --format es --plugin node-resolve',
);
