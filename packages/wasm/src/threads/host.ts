// The types of what threads use of Node and of pages. This package depends on the types of neither.

export interface NodeWorker {
  on(event: 'message' | 'error' | 'exit', listener: (value: unknown) => void): void;
  postMessage(message: unknown): void;
  unref(): void;
  terminate(): Promise<unknown>;
}

export interface PageWorker {
  onmessage: (() => void) | null;
  onerror: ((event: { readonly message?: string }) => void) | null;
  postMessage(message: unknown): void;
  terminate(): void;
}

interface Host {
  readonly process?: {
    getBuiltinModule?(
      name: 'node:worker_threads',
    ): { readonly Worker: new (url: object, options: object) => NodeWorker } | undefined;
  };
  readonly crossOriginIsolated?: boolean;
  readonly Worker?: unknown;
}

function host(): Host {
  return globalThis as unknown as Host;
}

/** The Worker of node:worker_threads, if this is Node. */
export function nodeWorker(): (new (url: object, options: object) => NodeWorker) | undefined {
  return host().process?.getBuiltinModule?.('node:worker_threads')?.Worker;
}

/** Why there can be no threads here, or null. */
export function whyNoThreads(): string | null {
  if (typeof SharedArrayBuffer === 'undefined' || host().crossOriginIsolated === false) {
    return 'the page is not cross-origin isolated';
  }
  return nodeWorker() || host().Worker ? null : 'this engine has no workers';
}
