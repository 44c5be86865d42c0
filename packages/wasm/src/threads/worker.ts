// What a worker runs: scripts/build-worker.mjs bundles this file into generated/worker.js.

import type { Kernels } from '../kernels.ts';
import { takeChunks } from './job.ts';
import type { Ready, Task } from './messages.ts';
import { serveJobs } from './protocol.ts';

interface Port {
  onmessage: ((event: { readonly data: Task }) => void) | null;
  postMessage(message: Ready): void;
}

interface Host extends Port {
  readonly process?: { getBuiltinModule?(name: string): { readonly parentPort: Port | null } | undefined };
  readonly WebAssembly: {
    readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
  };
}

const host = globalThis as unknown as Host;
const port: Port = host.process?.getBuiltinModule?.('node:worker_threads')?.parentPort ?? host;

port.onmessage = ({ data: { module, memory, chunks, control: buffer, thread, threads } }) => {
  port.onmessage = null;
  const control = new Int32Array(buffer);
  const { exports } = new host.WebAssembly.Instance(module, { env: { memory } });
  const participant = { kernels: exports as Kernels, thread, threads, chunks };
  port.postMessage('ready');
  serveJobs(control, () => takeChunks(control, participant));
};
