import { messageOf } from '@rmsnorm/core';
import { WORKER_TEXT } from '../generated/worker-text.ts';
import { type NodeWorker, nodeWorker, type PageWorker, trusted } from './host.ts';
import type { Task } from './messages.ts';
import type { WorkerLike, WorkerSource } from './worker-source.ts';

// Bundlers look for `new Worker(new URL(...))` with these very names.
declare const URL: {
  new (path: string, base?: string): object;
  createObjectURL(blob: object): string;
  revokeObjectURL(address: string): void;
};
declare const Blob: new (parts: readonly string[], options: { type: string }) => object;
declare const Worker: new (address: object | string, options: { type: 'module'; name: string }) => PageWorker;
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

const OPTIONS = { type: 'module', name: 'rmsnorm' } as const;

/**
 * Starts a worker and gives it its task. Once it is ready, it does not keep the process alive.
 * @param source where the caller has the script; undefined: beside this package's code, or else in its text
 * @throws the host's error if it forbids workers
 */
export function startWorker(task: Task, source?: WorkerSource): Started {
  const InNode = nodeWorker();
  const started = source !== undefined ? given(source, task) : InNode ? inNode(fromText(InNode), task) : found(task);
  // If it is stopped early, nobody waits for `ready`, whose rejection must not be reported.
  started.ready.catch(() => {});
  return started;
}

/** A worker of the caller's. */
function given(source: WorkerSource, task: Task): Started {
  const worker = typeof source === 'function' ? source() : at(typeof source === 'string' ? source : source.href);
  return 'on' in worker ? inNode(worker as unknown as NodeWorker, task) : inPage(worker as PageWorker, task);
}

function at(address: string): WorkerLike {
  const InNode = nodeWorker();
  if (!InNode) return new Worker(trusted(address), OPTIONS);
  // One letter and a colon is a drive of Windows.
  return new InNode(/^[a-z]{2,}:/i.test(address) ? new URL(address) : address, { execArgv: [] });
}

/** Without this process's loaders and flags: the worker imports nothing. */
function fromText(InNode: NonNullable<ReturnType<typeof nodeWorker>>): NodeWorker {
  return new InNode(WORKER_TEXT, { eval: true, execArgv: [] });
}

/** The script beside this code, where policies allow it and a bundler put it; else its text. */
function found(task: Task): Started {
  let worker: Started | undefined;
  let stopped = false;
  const start = async (): Promise<void> => {
    try {
      // Bundlers read this line: its options must stand here.
      const own = new Worker(new URL('../generated/worker.js', import.meta.url), { type: 'module', name: 'rmsnorm' });
      worker = inPage(own, task);
      await worker.ready;
    } catch (missing) {
      if (stopped) throw missing;
      await worker?.stop();
      const address = URL.createObjectURL(new Blob([WORKER_TEXT], { type: 'text/javascript' }));
      try {
        worker = inPage(new Worker(trusted(address), OPTIONS), task);
        await worker.ready;
      } catch (refused) {
        throw new Error(`${messageOf(missing)}; nor from its text: ${messageOf(refused)}`);
      } finally {
        URL.revokeObjectURL(address);
      }
    }
  };
  return {
    ready: start(),
    stop: async () => {
      stopped = true;
      await worker?.stop();
    },
  };
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

function inPage(worker: PageWorker, task: Task): Started {
  const ready = new Promise<void>((resolve, reject) => {
    worker.onmessage = () => resolve();
    worker.onerror = ({ message }) => reject(new Error(message || 'its script was not loaded'));
    worker.postMessage(task);
  });
  return { ready, stop: async () => worker.terminate() };
}
