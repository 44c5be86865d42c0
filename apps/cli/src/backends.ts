import { type Backend, type BackendProvider, type NamedProbe, reference } from '@rmsnorm/core';
import { cudaProvider } from './cuda.ts';
import { webgpuProvider } from './webgpu.ts';

/** A backend that `--backend` can name. */
export interface BackendEntry {
  readonly name: string;
  /** Whether `auto` tries it, in the order of the table. */
  readonly auto: boolean;
  readonly load: () => Promise<BackendProvider>;
  /** What `auto` loads, where it accepts less than `--backend NAME`. */
  readonly loadForAuto?: () => Promise<BackendProvider>;
}

/** All backends of the command line, the fastest first. A new package adds a line. */
export const BACKENDS: readonly BackendEntry[] = [
  {
    name: 'cuda',
    auto: true,
    load: () => cudaProvider(true),
    // An emulated device is for tests.
    loadForAuto: () => cudaProvider(false),
  },
  {
    name: 'webgpu',
    auto: true,
    load: () => webgpuProvider(true),
    // On a processor it is slower than WebAssembly.
    loadForAuto: () => webgpuProvider(false),
  },
  fromPackage('wasm', '@rmsnorm/wasm', () => import('@rmsnorm/wasm')),
  { name: 'reference', auto: false, load: async () => reference() },
];

export type ListedProbe = NamedProbe & { readonly auto: boolean };

/** Of each backend whether it works here; if not, why; and whether `auto` would take it. Starts none. */
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
  // Objects give the functions names, which pickBackend shows where they fail.
  const loaders = BACKENDS.filter(({ auto }) => auto).map(({ name, load, loadForAuto = load }) => ({
    [name]: async () => able(await loadForAuto(), check),
  }));
  return loaders.flatMap((loader) => Object.values(loader));
}

/** The same provider, but it fails to create a backend that `check` refuses. pickBackend then goes on to the next one. */
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

/** The name of the backend that pickBackend must take, if any. */
export function preferredName(backend: string): string | undefined {
  return backend === 'auto' ? undefined : backend;
}

function fromPackage(name: string, specifier: string, load: () => Promise<object>): BackendEntry {
  // Where the function fails, pickBackend shows its name.
  const loaders = {
    async [name](): Promise<BackendProvider> {
      const module = (await load().catch((error: unknown) => {
        throw notFound(specifier, error);
      })) as Record<string, unknown>;
      const provider = module[name];
      if (typeof provider !== 'function') throw new Error(`${specifier} has no export '${name}': update it`);
      return provider() as BackendProvider;
    },
  };
  return { name, auto: true, load: loaders[name]! };
}

function notFound(specifier: string, error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  // A package that is installed, but lacks a part, has its own message.
  const missing = code === 'ERR_MODULE_NOT_FOUND' && message.includes(`'${specifier}'`);
  const text = missing
    ? `not installed: npm install ${specifier}`
    : `${specifier} does not load: ${message.split('\n')[0]}`;
  return new Error(text, { cause: error });
}
