import { type Backend, type BackendProvider, type NamedProbe, reference } from '@rmsnorm/core';
import { webgpuProvider } from './webgpu.ts';

/** A backend that can be named, or tried. */
export interface BackendEntry {
  readonly name: string;
  /** Whether `auto` tries it, in the order of the table. */
  readonly auto: boolean;
  readonly load: () => Promise<BackendProvider>;
  /** What `auto` tries, where that is pickier. */
  readonly loadForAuto?: () => Promise<BackendProvider>;
}

/** All backends of the command line, fastest first. A new package adds a line. */
export const BACKENDS: readonly BackendEntry[] = [
  fromPackage('cuda', '@rmsnorm/cuda', () => import('@rmsnorm/cuda' as string)),
  {
    name: 'webgpu',
    auto: true,
    load: () => webgpuProvider(true),
    // In software it is slower than WebAssembly.
    loadForAuto: () => webgpuProvider(false),
  },
  fromPackage('wasm', '@rmsnorm/wasm', () => import('@rmsnorm/wasm')),
  { name: 'reference', auto: false, load: async () => reference() },
];

export type ListedProbe = NamedProbe & { readonly auto: boolean };

/** Whether each backend works here, and if not, why, and whether `auto` would take it; starts none. */
export async function probeAll(): Promise<ListedProbe[]> {
  const probes: ListedProbe[] = [];
  for (const { name, auto, load, loadForAuto = load } of BACKENDS) {
    try {
      const probe = await (await load()).probe();
      const wanted = auto && (!probe.ok || (await (await loadForAuto()).probe()).ok);
      probes.push({ name, auto: wanted, ...probe });
    } catch (error) {
      probes.push({ name, auto, ok: false, code: 'MODULE_NOT_FOUND', reason: (error as Error).message });
    }
  }
  return probes;
}

/** What pickBackend tries, for `--backend auto` or a name of the table. */
export function candidatesFor(
  backend: string,
  check: (backend: Backend) => Promise<unknown> = async () => {},
): (() => Promise<BackendProvider>)[] {
  const asked = BACKENDS.find(({ name }) => name === backend);
  if (asked) return [asked.load];
  const loaders = BACKENDS.filter(({ auto }) => auto).map(({ name, load, loadForAuto = load }) => ({
    [name]: async () => able(await loadForAuto(), check),
  }));
  return loaders.flatMap((loader) => Object.values(loader));
}

/** A provider that fails to create a backend which `check` refuses, so that pickBackend goes on to the next one. */
export function able(provider: BackendProvider, check: (backend: Backend) => Promise<unknown>): BackendProvider {
  return {
    name: provider.name,
    apiVersion: provider.apiVersion,
    probe: () => provider.probe(),
    async create(options) {
      const backend = await provider.create(options);
      try {
        await check(backend);
        return backend;
      } catch (error) {
        await backend.dispose();
        throw error;
      }
    },
  };
}

/** The name that pickBackend must take, if any. */
export function named(backend: string): string | undefined {
  return backend === 'auto' ? undefined : backend;
}

function fromPackage(name: string, specifier: string, load: () => Promise<object>): BackendEntry {
  // A function's own name is what pickBackend shows where it fails.
  const named = {
    async [name](): Promise<BackendProvider> {
      const module = (await load().catch((error: unknown) => {
        throw notFound(specifier, error);
      })) as Record<string, unknown>;
      const provider = module[name];
      if (typeof provider !== 'function') throw new Error(`${specifier} has no export '${name}': update it`);
      return provider() as BackendProvider;
    },
  };
  return { name, auto: true, load: named[name]! };
}

function notFound(specifier: string, error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  // A package that is there, but lacks a part, has its own message.
  const missing = code === 'ERR_MODULE_NOT_FOUND' && message.includes(`'${specifier}'`);
  const text = missing ? `not installed: npm install ${specifier}` : `${specifier} does not load: ${message}`;
  return new Error(text, { cause: error });
}
