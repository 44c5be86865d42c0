import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { addonPath, describeAddon } from './native.ts';

const run = (program: string, ...args: string[]): string => execFileSync(program, args, { encoding: 'utf8' });

/** The newest version of a library's symbols that the addon asks for. */
function newest(symbols: string, prefix: string): number[] {
  const versions = [...symbols.matchAll(new RegExp(`\\b${prefix}_(\\d+)\\.(\\d+)(?:\\.(\\d+))?`, 'g'))];
  const sorted = versions
    .map((match) => match.slice(1).map((part) => Number(part ?? 0)))
    .toSorted((a, b) => a[0]! - b[0]! || a[1]! - b[1]! || a[2]! - b[2]!);
  return sorted.at(-1) ?? [];
}

const isAtMost = (found: number[], most: number[]): boolean => {
  const place = most.findIndex((part, i) => found[i] !== part);
  return place < 0 || found[place]! < most[place]!;
};

describeAddon('the binary', () => {
  test('runs where glibc 2.34 is', () => {
    const found = newest(run('objdump', '-T', addonPath), 'GLIBC');
    expect(isAtMost(found, [2, 34, 0]), `GLIBC_${found.join('.')}`).toBe(true);
  });

  test('runs with the libstdc++ of GCC 11', () => {
    const found = newest(run('objdump', '-T', addonPath), 'GLIBCXX');
    expect(found.length).toBe(3);
    expect(isAtMost(found, [3, 4, 29]), `GLIBCXX_${found.join('.')}`).toBe(true);
  });

  test('links nothing that is not on every machine', () => {
    const needed = [...run('readelf', '-d', addonPath).matchAll(/\(NEEDED\).*\[(.*?)\]/g)].map((match) => match[1]);
    const everywhere = [
      'libstdc++.so.6',
      'libm.so.6',
      'libgcc_s.so.1',
      'libc.so.6',
      'libpthread.so.0',
      'ld-linux-x86-64.so.2',
    ];
    expect(needed.filter((name) => !everywhere.includes(name!))).toEqual([]);
  });

  test('exports what Node looks for alone', () => {
    const exported = [...run('objdump', '-T', addonPath).matchAll(/ g +DF? +\.text\S*\s+\S+\s+(?:Base\s+)?(\S+)$/gm)];
    expect(exported.map((match) => match[1]).toSorted()).toEqual([
      'napi_register_module_v1',
      'node_api_module_get_api_version_v1',
    ]);
  });

  test('is small enough', () => {
    expect(statSync(addonPath).size).toBeLessThan(5e6);
  });
});
