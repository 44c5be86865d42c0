import { expect, test } from 'vitest';
import { addonPath, describeAddon } from './native.ts';
import { runProgram } from './program.ts';

const OPEN = `const open = () => native.open({ device: 0, stream: null, emulated: 'sm_90' });
const busy = (backend) => {
  const [from, to] = [backend.alloc(4 << 20), backend.alloc(4 << 20)];
  for (let i = 0; i < 12; i++) {
    backend.write(from, new Uint8Array(1 << 20));
    backend.copy(from, to, 4 << 20);
    backend.read(to, new Uint8Array(4 << 20), () => { globalThis.done = (globalThis.done ?? 0) + 1; });
  }
};
`;

describeAddon('the end of a process', () => {
  test('an idle backend does not hold it', async () => {
    expect(await runProgram(`${OPEN} open().alloc(4); console.log('end')`)).toMatchObject({
      code: 0,
      stdout: 'end\n',
      stderr: '',
    });
  });

  test('reads under way do', async () => {
    const program = `${OPEN} busy(open()); process.on('exit', () => console.log(done));`;
    expect(await runProgram(program)).toMatchObject({ code: 0, stdout: '12\n', stderr: '' });
  });

  test('process.exit with reads under way', async () => {
    const program = `${OPEN} for (let i = 0; i < 3; i++) busy(open()); process.exit(7);`;
    for (let i = 0; i < 3; i++) expect(await runProgram(program)).toMatchObject({ code: 7, signal: null, stderr: '' });
  });

  test('process.exit while done runs, and while a backend closes', async () => {
    const program = `${OPEN} const backend = open();
      busy(backend);
      backend.read(backend.alloc(4), new Uint8Array(4), () => { backend.close(() => {}); busy(open()); process.exit(7); });`;
    for (let i = 0; i < 3; i++) expect(await runProgram(program)).toMatchObject({ code: 7, signal: null, stderr: '' });
  });

  test('an error that done throws is uncaught, and later reads are done', async () => {
    const program = `${OPEN} const backend = open();
      const address = backend.alloc(4);
      process.on('uncaughtException', (error) => console.log('uncaught', error.message));
      backend.read(address, new Uint8Array(4), () => { throw new Error('mine'); });
      backend.read(address, new Uint8Array(4), () => console.log('second'));`;
    expect((await runProgram(program)).stdout).toBe('uncaught mine\nsecond\n');
  });

  test('workers that are terminated in the middle', async () => {
    const program = `const { Worker } = require('node:worker_threads');
      const text = ${JSON.stringify(`const native = require(${JSON.stringify(addonPath)}); ${OPEN}
        const { parentPort } = require('node:worker_threads');
        busy(open()); busy(open()); parentPort.postMessage('busy');
        setInterval(() => busy(open()), 1);`)};
      const one = (wait) => new Promise((resolve) => {
        const worker = new Worker(text, { eval: true });
        worker.once('message', () => setTimeout(() => worker.terminate().then(resolve), wait));
      });
      (async () => {
        for (let round = 0; round < 4; round++) await Promise.all([one(0), one(round * 3)]);
        ${OPEN}
        const backend = open();
        backend.read(backend.alloc(4), new Uint8Array(4), (error) => console.log('main goes on', error));
      })();`;
    expect(await runProgram(program)).toMatchObject({ code: 0, stdout: 'main goes on null\n', stderr: '' });
  });

  test('a worker that ends the process', async () => {
    const program = `${OPEN} const { Worker } = require('node:worker_threads');
      const text = ${JSON.stringify(`const native = require(${JSON.stringify(addonPath)}); ${OPEN} busy(open()); process.exit(3);`)};
      busy(open());
      new Worker(text, { eval: true }).on('exit', (code) => process.exit(code + 4));`;
    expect(await runProgram(program)).toMatchObject({ code: 7, signal: null, stderr: '' });
  });

  test('a backend that is forgotten frees what it had', async () => {
    const program = `${OPEN} const { readdirSync } = require('node:fs');
      const threads = () => readdirSync('/proc/self/task').length;
      const before = threads();
      (() => { for (let i = 0; i < 20; i++) open().alloc(1 << 20); })();
      const most = threads();
      const look = (left) => {
        gc();
        if (threads() <= before) console.log('free', most >= before + 20);
        else if (left > 0) setTimeout(look, 20, left - 1);
        else console.log('held', before, most, threads());
      };
      setTimeout(look, 20, 200);`;
    const ended = await runProgram(program, { flags: ['--expose-gc'] });
    expect(ended).toMatchObject({ code: 0, stdout: 'free true\n', stderr: '' });
  });

  test('a backend that is forgotten finishes its reads', async () => {
    const program = `${OPEN} (() => busy(open()))(); gc(); setTimeout(gc, 1); process.on('exit', () => console.log(done));`;
    expect(await runProgram(program, { flags: ['--expose-gc'] })).toMatchObject({
      code: 0,
      stdout: '12\n',
      stderr: '',
    });
  });
});
