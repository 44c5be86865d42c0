import { type NodeWorker, nodeWorker, type PageWorker } from './host.ts';
import type { Task } from './messages.ts';

// By their own names, one beside the other: that is what bundlers look for.
declare const URL: new (path: string, base: string) => object;
declare const Worker: new (url: object, options: { type: 'module'; name: string }) => PageWorker;
declare global {
  interface ImportMeta {
    url: string;
  }
}

/** A worker that was started. */
export interface Started {
  /** Resolves once it is about to wait for jobs, rejects where it cannot start. */
  readonly ready: Promise<void>;
  /** Ends it, whatever it is at. */
  stop(): Promise<void>;
}

/**
 * Starts a worker on generated/worker.js, and gives it its task. Once ready it keeps no process alive.
 * @throws the host's own error where it forbids workers
 */
export function startWorker(task: Task): Started {
  const InNode = nodeWorker();
  const started = InNode ? inNode(InNode, task) : inPage(task);
  // Whoever stops it does not wait for it to be ready any more.
  started.ready.catch(() => {});
  return started;
}

function inNode(InNode: new (url: object, options: object) => NodeWorker, task: Task): Started {
  // Loaders and flags of this process are not for a worker that imports nothing.
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
