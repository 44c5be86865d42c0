import type { Driver } from '@rmsnorm/core';
import { transformWithOxc } from 'vite';
import { type Program, sourceOf } from './programs.ts';

type DriverClass = new () => Driver<Uint8Array>;

/** The runtime's own `import`: that of Vite's runner, which loads this file, knows the project's modules alone. */
export type Import = (address: string) => Promise<Record<string, unknown>>;

const compiled = new Map<string, Promise<string>>();

/** The driver of `program` with some of its files replaced, as modules of their own. */
export async function loadProgram(
  program: Program,
  replaced: Readonly<Record<string, string>>,
  load: Import,
): Promise<DriverClass> {
  const urls = new Map<string, string>();
  for (const file of program.files) {
    const source = replaced[file] ?? sourceOf(program, file);
    const code = resolved(await javascript(source), program, urls);
    urls.set(file.split('/').at(-1)!, `data:text/javascript;base64,${Buffer.from(code).toString('base64')}`);
  }
  const module = await load([...urls.values()].at(-1)!);
  return module[program.driver] as DriverClass;
}

function javascript(source: string): Promise<string> {
  const known = compiled.get(source);
  if (known) return known;
  const code = transformWithOxc(source, 'source.ts', { target: 'es2022', sourcemap: false }).then((out) => out.code);
  // Mutated files are loaded once; those beside them again and again.
  if (compiled.size < 50) compiled.set(source, code);
  return code;
}

/** `code` with absolute addresses for what it imports. */
function resolved(code: string, { others }: Program, urls: ReadonlyMap<string, string>): string {
  return code.replace(/(from\s*|import\s*)"([^"]+)"/g, (_, before: string, specifier: string) => {
    const own = urls.get(specifier.split('/').at(-1)!);
    const other = others.find(({ from }) => specifier.startsWith(from));
    if (own) return `${before}"${own}"`;
    if (!other) throw new Error(`there is no place for the import of ${specifier}`);
    const rest = specifier.slice(other.from.length).replace(/\.ts$/, '.js');
    return `${before}"${rest === '' ? other.to.href : new URL(rest, other.to).href}"`;
  });
}
