import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const script = fileURLToPath(new URL('../scripts/build.mjs', import.meta.url));

/** What the build says where only these programs are there. */
function said(programs: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'rmsnorm-programs-'));
  try {
    for (const [name, target] of Object.entries(programs)) symlinkSync(target, join(folder, name));
    return execFileSync(process.execPath, [script], {
      encoding: 'utf8',
      env: { PATH: folder, CUDA_HOME: '/nowhere' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('without nvcc one line says so, and nothing fails', () => {
  expect(said({})).toMatch(/^@rmsnorm\/cuda-linux-x64-gnu: no nvcc .* is not built.*\n$/);
});
