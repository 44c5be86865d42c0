import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { describeOnDevice } from './node-webgpu.ts';
import { readme } from './readme.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

describeOnDevice('the README', () => {
  test.each([
    ['Node', /^Float32Array\(16384\) \[/],
    ['Your device, your buffers', /^(1(\.000000\d+)?|0\.999999\d+)\n$/],
  ])('what stands under "%s" runs in Node', (heading, output) => {
    const run = spawnSync(process.execPath, ['--input-type=module', '--eval', readme.codeUnder(heading)[0]!], {
      cwd: root,
      encoding: 'utf8',
      timeout: 50_000,
    });
    expect(run.stderr).toBe('');
    expect(run.stdout).toMatch(output);
    expect(run.status).toBe(0);
  });

  test('has no code but these two and what readme.pages.test.ts runs', () => {
    expect(readme.countCode()).toBe(9);
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
        const norm = new RMSNorm({ dim: 8, axis: -1, affine: false });
        const y = await backend.tidy(() => norm.forward(backend.tensor(new Float32Array(8).fill(3), [1, 8])).data());
        console.log(Math.round(y[0]));
      }
      await backend.dispose();`;
    const run = spawnSync(process.execPath, ['--expose-gc', '--input-type=module', '--eval', code], {
      cwd: root,
      encoding: 'utf8',
      timeout: 50_000,
    });
    expect([run.status, run.stdout, run.stderr]).toEqual([0, '1\n1\n1\n', '']);
  });
});
