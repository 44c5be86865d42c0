import { parseAst } from 'vite';

interface Node {
  type?: string;
  source?: { value?: unknown } | null;
}

/** Every module that TypeScript code names: import, export from, import() and types alike. */
export function importsOf(code: string): string[] {
  const found: string[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const { type, source } = value as Node;
    if (type && typeof source?.value === 'string') found.push(source.value);
    for (const child of Object.values(value)) visit(child);
  };
  visit(parseAst(code, { lang: 'ts', astType: 'ts' }));
  return found;
}
