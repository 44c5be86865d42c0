import type { Consumer } from '../consumer.ts';
import { inAWorker } from '../kinds/in-a-worker.ts';

export const serviceWorker: Consumer = inAWorker(
  'A service worker',
  `const registration = await navigator.serviceWorker.register('./worker.js', { type: 'module' });
const { port1, port2 } = new MessageChannel();
globalThis.answer = new Promise((resolve) => {
  port1.onmessage = ({ data }) => resolve({ worker: data });
});
(registration.installing ?? registration.active).postMessage('check', [port2]);`,
  /one thread, not 2: this engine has no workers$/,
  `import { check } from './program.js';
addEventListener('message', (event) => {
  const answer = (value) => event.ports[0].postMessage(value);
  event.waitUntil(check().then(answer, (error) => answer({ failed: String(error) })));
});`,
);
