import type { Consumer } from '../consumer.ts';
import { pageWithImportMap } from '../kinds/page-with-import-map.ts';

export const trustedTypes: Consumer = pageWithImportMap('A page under Trusted Types', {
  'Content-Security-Policy': "require-trusted-types-for 'script'; trusted-types rmsnorm",
});
