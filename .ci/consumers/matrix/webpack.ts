import type { Consumer } from '../consumer.ts';
import { builtFromEntries } from '../kinds/built-from-entries.ts';

export const webpack: Consumer = builtFromEntries(
  'webpack 5',
  { webpack: '5', 'webpack-cli': '*' },
  'webpack --mode production --entry ./page.js --output-filename page.js',
);
