import { gzipSync } from 'node:zlib';
import { build } from 'vite';

/** Bytes of a package as a page loads it: bundled and minified by Vite, core apart, and gzipped, chunk by chunk. */
export interface BundledSize {
  /** What is loaded at once. */
  readonly entry: number;
  /** What import() loads later. */
  readonly later: number;
}

/**
 * @param dist the folder of the built package
 * @param input its module
 */
export async function bundledSize(dist: string, input = 'index.js'): Promise<BundledSize> {
  const built = await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      ssr: true,
      minify: true,
      rolldownOptions: { input: `${dist}${input}`, preserveEntrySignatures: 'strict', external: [/^@rmsnorm\/core/] },
    },
  });
  const chunks = [built]
    .flat()
    .flatMap((result) => ('output' in result ? result.output : []))
    .filter((chunk) => chunk.type === 'chunk');
  const first = new Set(chunks.filter(({ isEntry }) => isEntry));
  // A set goes on with what is added to it meanwhile.
  for (const { imports } of first) {
    for (const chunk of chunks) if (imports.includes(chunk.fileName)) first.add(chunk);
  }
  const sum = (parts: typeof chunks): number =>
    parts.reduce((total, { code }) => total + gzipSync(code, { level: 9 }).length, 0);
  return { entry: sum([...first]), later: sum(chunks.filter((chunk) => !first.has(chunk))) };
}

/** What a README says of that size, in bytes: its only "N KB minified and gzipped". */
export function claimedSize(readme: string): number {
  const claims = [...readme.matchAll(/([\d.]+) KB,?\s+minified\s+and\s+gzipped/g)].map(([, kb]) => Number(kb) * 1024);
  if (claims.length !== 1) throw new Error(`README.md names ${claims.length} sizes, minified and gzipped`);
  return claims[0]!;
}
