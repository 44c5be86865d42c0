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

/** A policy of Trusted Types, which turns addresses into those that a page may run. */
interface Policy {
  createScriptURL(address: string): object;
}

interface Host {
  readonly process?: {
    getBuiltinModule?(
      name: 'node:worker_threads',
    ): { readonly Worker: new (code: object | string, options: object) => NodeWorker } | undefined;
  };
  readonly crossOriginIsolated?: boolean;
  readonly Worker?: unknown;
  readonly trustedTypes?: {
    createPolicy(name: string, rules: { createScriptURL: (address: string) => string }): Policy;
  };
}

function host(): Host {
  return globalThis as unknown as Host;
}

/** The Worker of node:worker_threads, if this is Node. */
export function nodeWorker(): (new (code: object | string, options: object) => NodeWorker) | undefined {
  return host().process?.getBuiltinModule?.('node:worker_threads')?.Worker;
}

let policy: Policy | undefined;

/** An address that a page may run under Trusted Types too, if they allow the policy 'rmsnorm'. */
export function trusted(address: string): object | string {
  policy ??= host().trustedTypes?.createPolicy('rmsnorm', { createScriptURL: (given) => given });
  return policy?.createScriptURL(address) ?? address;
}

/** Why there can be no threads here, and what to do, or null. */
export function whyNoThreads(): { readonly why: string; readonly hint: string } | null {
  if (!nodeWorker() && !host().Worker) return { why: 'this engine has no workers', hint: '' };
  if (typeof SharedArrayBuffer === 'undefined' || host().crossOriginIsolated === false) {
    return {
      why: 'the page is not cross-origin isolated',
      hint: '; pages send Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp to be',
    };
  }
  return null;
}
