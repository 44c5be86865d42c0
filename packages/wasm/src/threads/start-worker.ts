import { host, type NodeWorker, nodeWorker } from './host.ts';
import type { Task } from './messages.ts';

/** A worker that was started. */
export interface Started {
  /** Resolves once it is about to wait for jobs, rejects where it cannot start. */
  readonly ready: Promise<void>;
  /** Ends it, whatever it is at. */
  stop(): Promise<void>;
}

/**
 * Starts a worker on `code`, and gives it its task. Once ready it keeps no process alive.
 * @throws the host's own error where it forbids workers
 */
export function startWorker(code: string, task: Task): Started {
  const InNode = nodeWorker();
  // Loaders and flags of this process are not for a worker that imports nothing.
  const started = InNode ? inNode(new InNode(code, { eval: true, execArgv: [] }), task) : inPage(code, task);
  // Whoever stops it does not wait for it to be ready any more.
  started.ready.catch(() => {});
  return started;
}

function inNode(worker: NodeWorker, task: Task): Started {
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

function inPage(code: string, task: Task): Started {
  const { Blob, URL, Worker } = host();
  // A Blob: there is no file to locate, for a bundler or a page.
  const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
  const worker = new Worker!(url, { name: 'rmsnorm' });
  const ready = new Promise<void>((resolve, reject) => {
    worker.onmessage = () => resolve();
    worker.onerror = ({ message }) => reject(new Error(message ?? 'its script was not loaded'));
    worker.postMessage(task);
  }).finally(() => URL.revokeObjectURL(url));
  return { ready, stop: async () => worker.terminate() };
}
