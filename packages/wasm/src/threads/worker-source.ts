/** What a worker is to its starter: a page's Worker, or one of node:worker_threads. */
export interface WorkerLike {
  postMessage(message: unknown): void;
  terminate(): unknown;
}

/** The address of `@rmsnorm/wasm/worker.js`, or a function that gives a new worker on it. */
export type WorkerSource = string | { readonly href: string } | (() => WorkerLike);
