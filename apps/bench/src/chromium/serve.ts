import { fileURLToPath } from 'node:url';
import { preview } from 'vite';

const OUT_DIR = fileURLToPath(new URL('../../dist/page', import.meta.url));

export interface Served {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves the built page cross-origin isolated: its clock then has steps of 5 microseconds, not 100, and threads are
 * allowed.
 */
export async function serve(): Promise<Served> {
  const server = await preview({
    configFile: false,
    logLevel: 'silent',
    root: OUT_DIR,
    build: { outDir: OUT_DIR },
    preview: {
      port: 0,
      host: '127.0.0.1',
      headers: { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' },
    },
  });
  const address = server.httpServer.address();
  if (address === null || typeof address === 'string') throw new Error(`the page is served at ${address}`);
  return { url: `http://127.0.0.1:${address.port}/`, close: () => server.close() };
}
