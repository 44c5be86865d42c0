import { type NodeWorker, nodeWorker, type PageWorker } from './host.ts';
import type { Task } from './messages.ts';

// Bundlers look for `new Worker(new URL(...))` with these very names.
declare const URL: new (path: string, base: string) => object;
declare const Worker: new (url: object, options: { type: 'module'; name: string }) => PageWorker;
declare global {
  interface ImportMeta {
    url: string;
  }
}

/** A worker that was started. */
export interface Started {
  /** Resolves when it is about to wait for jobs, rejects if it cannot start. */
  readonly ready: Promise<void>;
  /** Ends it, whatever it is doing. */
  stop(): Promise<void>;
}

/**
 * Starts a worker on generated/worker.js and gives it its task. Once it is ready, it does not keep the process alive.
 * @throws the host's error if it forbids workers
 */
export function startWorker(task: Task): Started {
  const InNode = nodeWorker();
  const started = InNode ? inNode(InNode, task) : inPage(task);
  // If it is stopped early, nobody waits for `ready`, whose rejection must not be reported.
  started.ready.catch(() => {});
  return started;
}

function inNode(InNode: new (url: object, options: object) => NodeWorker, task: Task): Started {
  // Without this process's loaders and flags: the worker imports nothing.
  const worker = new InNode(new URL('../generated/worker.js', import.meta.url), { execArgv: [] });
  const ready = new Promise<void>((resolve, reject) => {
    worker.on('message', () => {
      worker.unref();
      resolve();
    });
    worker.on('error', reject);
    worker.on('exit', (code) => reject(new Error(`it ended with code ${code}`)));
    worker.postMessage(task);
  });
  return {
    ready,
    stop: async () => {
      await worker.terminate();
    },
  };
}

function inPage(task: Task): Started {
  const worker = new Worker(new URL('../generated/worker.js', import.meta.url), { type: 'module', name: 'rmsnorm' });
  const ready = new Promise<void>((resolve, reject) => {
    worker.onmessage = () => resolve();
    worker.onerror = ({ message }) => reject(new Error(message ?? 'its script was not loaded'));
    worker.postMessage(task);
  });
  return { ready, stop: async () => worker.terminate() };
}
