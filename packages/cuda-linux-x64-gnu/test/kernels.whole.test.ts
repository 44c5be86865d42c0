import { expect, test } from 'vitest';
import { lacking } from '../../../.ci/requirements.ts';
import { findCompilers } from '../scripts/compilers.mjs';
import { checkProgram, run } from './check-program.ts';
import { describeAddon } from './native.ts';

/** Kernels whose lanes meet in shared memory, once each: to watch all dtypes would take minutes. */
const SHARING = [
  ...['forward_block', 'forward_wide', 'forward_split_sums', 'forward_columns', 'forward_vectors'],
  ...['quantized_block', 'quantized_wide', 'quantized_split_scale', 'quantized_vectors'],
  ...['backward_short', 'backward_block', 'backward_wide', 'backward_split_sums', 'backward_split_scale'],
  ...['backward_columns', 'backward_vectors', 'sum_partials'],
].map((name) => (name === 'sum_partials' ? name : `${name}_float32`));

const compilers = findCompilers();

/** A test that compiles kernels for the host. */
function testCompiled(name: string, run: () => Promise<void>): void {
  test(name, { timeout: 300_000 }, async ({ skip }) => {
    if ('missing' in compilers) return lacking(skip, compilers.missing);
    await run();
  });
}

describeAddon('every kernel on the host device', () => {
  testCompiled('is reached, and computes the formula without a bad access', async () => {
    const { code, output } = await run(await checkProgram('memory'));
    expect(output).toMatch(/^\d+ kernels, 0 problems failed, 0 kernels not reached\n$/);
    expect(code).toBe(0);
  });

  testCompiled('has no race in shared memory', async () => {
    const program = await checkProgram('races');
    for (const kernel of SHARING) {
      const { code, output } = await run(program, ['--once', kernel]);
      expect(output, kernel).toMatch(/^[1-3] kernels, 0 problems failed, 0 kernels not reached\n$/);
      expect(code, kernel).toBe(0);
    }
  });
});

// What the checks above are worth: each of these mistakes must be seen.
const MISTAKES = [
  {
    what: 'a missing barrier',
    checks: 'races',
    mistake: {
      name: 'missing-barrier',
      file: 'kernels/team.cuh',
      original: '    device::barrier();\n    UNROLL for (int k = 0; k < K; k++) values[k] = sumInWarp(',
      replacement: '    UNROLL for (int k = 0; k < K; k++) values[k] = sumInWarp(',
    },
    args: ['--once', 'forward_block_float32'],
    seen: 'ThreadSanitizer: data race',
  },
  {
    what: 'a write beyond the end',
    checks: 'memory',
    mistake: {
      name: 'write-beyond',
      file: 'kernels/vector.cuh',
      original: '  Words<W> words = raw;\n',
      replacement: '  Words<W> words = raw;\n  from = N;\n',
    },
    args: ['forward_short_float32'],
    seen: 'AddressSanitizer: heap-buffer-overflow',
  },
  {
    what: 'an element too many',
    checks: 'none',
    mistake: {
      name: 'element-too-many',
      file: 'kernels/vector.cuh',
      original: 'ROLLED for (int i = 0; i < to; i++) {',
      replacement: 'if (0 < to && to < N) to++;\n  ROLLED for (int i = 0; i < to; i++) {',
    },
    args: ['forward_short_float32'],
    seen: 'memory around a result was written',
  },
  {
    what: 'a wrong map of lanes',
    checks: 'none',
    mistake: {
      name: 'wrong-map',
      file: 'kernels/rows.cuh',
      original: '* V + v) * team.lanes() + team.lane()) * N;',
      replacement: '* V + v) * team.lanes() + (team.lane() ^ 1)) * N + (v & 1);',
    },
    args: ['forward_warp_float32'],
    seen: 'forward_warp_float32: y is wrong',
  },
  {
    what: 'a lane that does not come',
    checks: 'none',
    mistake: {
      name: 'missing-lane',
      file: 'kernels/rows.cuh',
      original: '  Row<T, EL> values;\n  values.template enter<K>(a, team, active ? row : 0, active);',
      replacement:
        '  if (!active) return;\n  Row<T, EL> values;\n  values.template enter<K>(a, team, active ? row : 0, active);',
    },
    args: ['forward_short_float32'],
    seen: 'threads wait for others that do not come',
  },
] as const;

describeAddon('a planted mistake is seen', () => {
  for (const { what, checks, mistake, args, seen } of MISTAKES) {
    testCompiled(what, async () => {
      const { code, output } = await run(await checkProgram(checks, ['forward.cu'], mistake), args);
      expect(output).toContain(seen);
      expect(code).not.toBe(0);
    });
  }
});
