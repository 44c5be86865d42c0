import type { Consumer } from './consumer.ts';
import { BUNDLERS } from './kinds/bundlers.ts';
import { PAGES } from './kinds/pages.ts';
import { RUNTIMES } from './kinds/runtimes.ts';
import { SUITE } from './kinds/suite.ts';
import { TESTS } from './kinds/tests.ts';
import { TYPESCRIPT } from './kinds/typescript.ts';

/** Every way in which users take our packages. */
export const CONSUMERS: readonly Consumer[] = [...RUNTIMES, ...TYPESCRIPT, ...BUNDLERS, ...PAGES, ...TESTS, ...SUITE];
