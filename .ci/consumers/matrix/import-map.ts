import type { Consumer } from '../consumer.ts';
import { pageWithImportMap } from '../kinds/page-with-import-map.ts';

export const importMap: Consumer = pageWithImportMap('A page with an import map', {});
