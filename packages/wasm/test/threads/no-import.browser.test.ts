import { expect, test } from 'vitest';

// Hosts that run modules, but forbid import() and have no workers.

const answer = {
  probe: { ok: true, device: expect.any(String) },
  device: 'WebAssembly SIMD, one thread, not 2: this engine has no workers',
  y: [expect.closeTo(0.8485, 3), expect.closeTo(1.1314, 3)],
  // COOP and COEP would not help.
  warnings: [expect.stringMatching(/one thread, not 2: this engine has no workers$/)],
};

test('a service worker has one thread, and says why', async () => {
  const script = new URL('../fixtures/threads-service-worker.ts', import.meta.url);
  const registration = await navigator.serviceWorker.register(script, { type: 'module' });
  try {
    const { port1, port2 } = new MessageChannel();
    const answered = new Promise((resolve) => {
      port1.onmessage = ({ data }) => resolve(data);
    });
    const worker = registration.installing ?? registration.waiting ?? registration.active;
    worker!.postMessage('answer', [port2]);
    expect(await answered).toEqual(answer);
  } finally {
    await registration.unregister();
  }
});

test('so has an AudioWorklet', async () => {
  const context = new OfflineAudioContext(1, 128, 44_100);
  await context.audioWorklet.addModule(new URL('../fixtures/threads-audio-worklet.ts', import.meta.url));
  const node = new AudioWorkletNode(context, 'answer');
  const answered = new Promise((resolve, reject) => {
    node.port.onmessage = ({ data }) => resolve(data);
    node.onprocessorerror = () => reject(new Error('the processor failed'));
  });
  await context.startRendering();
  expect(await answered).toEqual(answer);
});
