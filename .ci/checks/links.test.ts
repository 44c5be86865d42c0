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

const { homepage } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { homepage: string };
const repository = homepage.replace('#readme', '');

/** The file of this workspace that a link leads to, and the heading; null: elsewhere. READMEs that npm shows link to the repository by its address. */
function localTarget(page: string, target: string): { file: string; anchor: string | undefined } | null {
  const [address = '', anchor] = target.split('#');
  if (address === '') return { file: page, anchor };
  if (address === repository) return { file: 'README.md', anchor };
  const [, path] = /^\/(?:blob|tree)\/main\/(.+)$/.exec(address.replace(repository, '')) ?? [];
  if (address.startsWith(repository) && path) return { file: path, anchor };
  return /^[a-z]+:/.test(address) ? null : { file: join(dirname(page), address), anchor };
}

test.each(pages)('%s links to files and headings that are there', (page) => {
  const broken = [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target!)
    .filter((target) => {
      const local = localTarget(page, target);
      if (!local) return false;
      if (!existsSync(join(root, local.file))) return true;
      return local.anchor !== undefined && local.file.endsWith('.md') && !anchorsOf(local.file).includes(local.anchor);
    });
  expect(broken).toEqual([]);
});

test('links by the address of the repository are looked at too', () => {
  expect(localTarget('packages/core/README.md', `${repository}/blob/main/apps/bench/README.md#latest-figures`)).toEqual(
    {
      file: 'apps/bench/README.md',
      anchor: 'latest-figures',
    },
  );
  expect(localTarget('packages/core/README.md', `${repository}/issues`)).toBeNull();
});

// The map is worth nothing where it is wrong: every path in it, written as code, is a file, or a folder that ends in a slash.
test('ARCHITECTURE.md names files that are there', () => {
  const named = [...textOf('ARCHITECTURE.md').matchAll(/`((?:packages|apps|\.ci)\/[^`\s*{]+)`/g)].map(
    ([, path]) => path!,
  );
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});
