import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { RMSNorm } from '@rmsnorm/core';
import { cuda } from '@rmsnorm/cuda';
import { expect, test } from 'vitest';
import { describeEmulated } from './emulated.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

function worker(workerData: object): Worker {
  return new Worker(new URL('./fixtures/worker-thread.mjs', import.meta.url), { workerData });
}

function answerOf(thread: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
  });
}

/** A process on the emulated device, to its end. */
function run(code: string): { status: number | null; signal: string | null; stdout: string; stderr: string } {
  const before = `
    import { RMSNorm } from '@rmsnorm/core';
    import { cuda } from '@rmsnorm/cuda';
    const backend = await cuda({ device: 'emulated' }).create();
    const norm = new RMSNorm({ dim: 4096, axis: -1 });
    const x = backend.tensor(new Float32Array(64 * 4096).fill(3), [64, 4096]);
    const y = backend.empty([64, 4096]);`;
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    ['--expose-gc', '--input-type=module', '--eval', before + code],
    { cwd: root, encoding: 'utf8', timeout: 50_000 },
  );
  return { status, signal, stdout, stderr };
}

const fine = { status: 0, signal: null, stderr: '' };

/** Collects what the function made. */
const COLLECTED = `for (let i = 0; i < 6; i++) { gc(); await new Promise((resolve) => setTimeout(resolve, 20)); }`;

describeEmulated('on the emulated device', () => {
  test.each([
    ['a pointer', `(await make()).tensor([3, 4], [2]).buffer`, `(await backend.wrap(given, [2]).data()).join()`, '3,4'],
    ['a stream', `(await make()).stream`, `(await make({ stream: given })).device`, 'emulated sm_90'],
  ])('%s that was given out outlives the collection of its backend', (_what, give, use, said) => {
    const code = `
      const make = (options) => cuda({ device: 'emulated', ...options }).create();
      const given = await (async () => ${give})();
      ${COLLECTED}
      console.log(${use});`;
    expect(run(code)).toEqual({ ...fine, stdout: `${said}\n` });
  });

  test('runs in worker threads, several at a time, beside this one', async () => {
    const backend = await cuda({ device: 'emulated' }).create();
    const answers = await Promise.all([1, 5, 1000].map((rows) => answerOf(worker({ rows }))));
    for (const [i, rows] of [1, 5, 1000].entries()) {
      const x = backend.tensor(
        Float32Array.from({ length: 2 * rows }, (_, j) => 3 + (j % 2)),
        [rows, 2],
      );
      expect(answers[i]).toEqual(await new RMSNorm({ dim: 2, axis: -1 }).forward(x).data());
    }
    await backend.dispose();
  });

  test('worker threads may be terminated in the middle', async () => {
    for (let i = 0; i < 5; i++) {
      const thread = worker({ rows: 1000, busy: true });
      expect(await answerOf(thread)).toBe('busy');
      await new Promise((resolve) => setTimeout(resolve, 10 * i));
      expect(await thread.terminate()).toBe(1);
    }
  });

  test('process.exit with work and reads pending ends the process', () => {
    const code = `
      for (let i = 0; i < 20; i++) norm.forward(x, y);
      y.data().then(() => console.log('arrived'));
      process.exit(0);`;
    expect(run(code)).toEqual({ ...fine, stdout: '' });
  });

  test('a process ends by itself once its reads have arrived, whether or not the backend was disposed of', () => {
    // Held, as dropped tensors are warned of where they are collected before the end.
    const code = `
      globalThis.held = [x, y];
      norm.forward(x, y);
      y.data().then((values) => console.log(Math.round(values[0])));`;
    expect(run(code)).toEqual({ ...fine, stdout: '1\n' });
    expect(run(`${code}\nawait backend.dispose();`)).toEqual({ ...fine, stdout: '1\n' });
  });

  test('reading never blocks the event loop', () => {
    const code = `
      let turns = 0;
      const timer = setInterval(() => turns++, 1);
      for (let i = 0; i < 30; i++) norm.forward(x, y);
      const start = performance.now();
      const reading = y.data();
      const blocked = performance.now() - start;
      await reading;
      const ms = performance.now() - start;
      clearInterval(timer);
      console.log(blocked < ms / 4 && turns > 2);
      await backend.dispose();`;
    expect(run(code)).toEqual({ ...fine, stdout: 'true\n' });
  });

  test('what nobody disposed of is freed with the process, in any order', () => {
    const code = `
      const plain = new RMSNorm({ dim: 4096, axis: -1, affine: false });
      const graph = backend.capture(() => plain.forward(x, x));
      graph.launch();
      globalThis.gc();
      console.log(Math.round((await x.data())[0]));`;
    expect(run(code)).toEqual({ ...fine, stdout: '1\n' });
  });
});
