import { createHash } from 'node:crypto';
import type { Consumer } from '../consumer.ts';
import { IMPORT_MAP, pageWithImportMap } from '../kinds/page-with-import-map.ts';

const hash = `'sha256-${createHash('sha256').update(IMPORT_MAP).digest('base64')}'`;

export const contentSecurityPolicy: Consumer = pageWithImportMap('A page under a strict Content-Security-Policy', {
  'Content-Security-Policy': `default-src 'none'; script-src 'self' 'wasm-unsafe-eval' ${hash}; worker-src 'self'`,
});
