import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { runToSuccess } from '../run-program.ts';
import { root } from '../workspace.ts';

const listed = await runToSuccess('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md']);
const pages = listed.split('\n').filter((path) => path !== '' && existsSync(join(root, path)));

/** A page without its blocks of code. */
function textOf(page: string): string {
  return readFileSync(join(root, page), 'utf8').replace(/^```[\s\S]*?^```$/gm, '');
}

/** As GitHub makes them of headings. */
function anchorsOf(page: string): string[] {
  return [...textOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test.each(pages)('%s links to files and headings that are there', (page) => {
  const broken = [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target!)
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => {
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : join(dirname(page), path);
      if (!existsSync(join(root, file))) return true;
      return anchor !== undefined && file.endsWith('.md') && !anchorsOf(file).includes(anchor);
    });
  expect(broken).toEqual([]);
});

// The map is worth nothing where it is wrong: every path in it, written as code, is a file, or a folder that ends in a slash.
test('ARCHITECTURE.md names files that are there', () => {
  const named = [...textOf('ARCHITECTURE.md').matchAll(/`((?:packages|apps|\.ci)\/[^`\s*{]+)`/g)].map(
    ([, path]) => path!,
  );
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});
