import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { describeOnDevice } from './node-webgpu.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const examples = [...readFileSync(`${root}README.md`, 'utf8').matchAll(/```js\n([\s\S]*?)```/g)].map(
  (match) => match[1]!,
);

describeOnDevice('the README', () => {
  test.each([
    [0, /^Float32Array\(16384\) \[/],
    [1, /^(1(\.000000\d+)?|0\.999999\d+)\n$/],
  ])('example %i runs as it stands', (index, output) => {
    const run = spawnSync(process.execPath, ['--input-type=module', '--eval', examples[index]!], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(run.stderr).toBe('');
    expect(run.stdout).toMatch(output);
    expect(run.status).toBe(0);
  });

  test('has no other example for Node', () => {
    expect(examples.length).toBe(2);
  });
});

describeOnDevice('a backend', () => {
  test("outlives what it was made of: Node's Dawn crashes where the GPU object is collected before its devices", () => {
    const code = `
      import { RMSNorm } from '@rmsnorm/core';
      import { webgpu } from '@rmsnorm/webgpu';
      import { create } from 'webgpu';
      const backend = await webgpu({ gpu: create([]) }).create();
      for (let i = 0; i < 3; i++) {
        globalThis.gc();
        await new Promise((resolve) => setTimeout(resolve, 20));
        const y = new RMSNorm({ dim: 8, axis: -1, affine: false }).forward(backend.tensor(new Float32Array(8).fill(3), [1, 8]));
        console.log(Math.round((await y.data())[0]));
      }
      await backend.dispose();`;
    const run = spawnSync(process.execPath, ['--expose-gc', '--input-type=module', '--eval', code], {
      cwd: root,
      encoding: 'utf8',
    });
    expect([run.status, run.stdout, run.stderr]).toEqual([0, '1\n1\n1\n', '']);
  });
});
