import type { Consumer } from '../consumer.ts';
import { inAWorker } from '../kinds/in-a-worker.ts';

export const worker: Consumer = inAWorker(
  'A worker',
  `const worker = new Worker('./worker.js', { type: 'module' });
globalThis.answer = new Promise((resolve) => {
  worker.onmessage = ({ data }) => resolve({ worker: data });
});`,
  'two',
);
