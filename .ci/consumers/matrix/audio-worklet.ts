import type { Consumer } from '../consumer.ts';
import { inAWorker } from '../kinds/in-a-worker.ts';

export const audioWorklet: Consumer = inAWorker(
  'An AudioWorklet',
  `const context = new OfflineAudioContext(1, 128, 44100);
await context.audioWorklet.addModule('./worker.js');
const node = new AudioWorkletNode(context, 'check');
globalThis.answer = new Promise((resolve) => {
  node.port.onmessage = ({ data }) => resolve({ worklet: data });
});
await context.startRendering();`,
  /one thread, not 2: this engine has no workers$/,
  `import { check } from './program.js';
registerProcessor('check', class extends AudioWorkletProcessor {
  constructor() {
    super();
    const answer = (value) => this.port.postMessage(value);
    check().then(answer, (error) => answer({ failed: String(error) }));
  }
  process() {
    return false;
  }
});`,
);
