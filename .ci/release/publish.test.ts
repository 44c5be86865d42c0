import { beforeEach, expect, test, vi } from 'vitest';
import type { Tarball } from '../packed.ts';
import { publishMissing, requireAll } from './publish.ts';
import type { Found } from './registry.ts';

const release = { version: '0.2.0', commit: 'a'.repeat(40), tag: 'latest' } as const;
const names = ['one', 'two', 'three'];
const tarballs = names.map((name) => ({ pkg: { manifest: { name } }, path: name })) as Tarball[];

/** A registry that takes everything but what `refused` says. */
class Shelf {
  readonly found = new Map<string, Found>();
  readonly puts: string[] = [];
  refused: (name: string) => { isTaken: boolean } | null = () => null;

  find = async (name: string): Promise<Found> => this.found.get(name) ?? { state: 'missing' };

  publish = async (name: string): Promise<string | null> => {
    this.puts.push(name);
    const refused = this.refused(name);
    if (!refused || refused.isTaken) this.found.set(name, { state: 'ours' });
    return refused ? 'the registry answers 500' : null;
  };
}

let shelf: Shelf;
beforeEach(() => {
  shelf = new Shelf();
  vi.spyOn(console, 'log').mockImplementation(() => {});
});

test('publishes in order, and the second time nothing', async () => {
  expect(await publishMissing(tarballs, release, shelf)).toEqual(names);
  expect(await publishMissing(tarballs, release, shelf)).toEqual([]);
  expect(shelf.puts).toEqual(names);
});

test('stops at the first failure, and says what is there and what is not', async () => {
  shelf.refused = (name) => (name === 'two' ? { isTaken: false } : null);
  await expect(publishMissing(tarballs, release, shelf)).rejects.toThrow(
    'two@0.2.0 was not published: the registry answers 500\n\nPublished of 0.2.0:\n  one\nMissing:\n  two\n  three\nThe same command goes on',
  );
  shelf.refused = () => null;
  expect(await publishMissing(tarballs, release, shelf)).toEqual(['two', 'three']);
  expect(shelf.puts).toEqual(['one', 'two', 'two', 'three']);
});

test('what a registry took while it answered with a failure is published', async () => {
  shelf.refused = () => ({ isTaken: true });
  expect(await publishMissing(tarballs, release, shelf)).toEqual(names);
  expect(shelf.puts).toEqual(names);
});

test('a version of another commit is never published over, and nothing else is either', async () => {
  shelf.found.set('three', { state: 'other', commit: 'b'.repeat(40) });
  await expect(publishMissing(tarballs, release, shelf)).rejects.toThrow('three@0.2.0, from bbbbbbbbb');
  expect(shelf.puts).toEqual([]);
});

test('waits for a registry to show what it took, and names what it never shows', async () => {
  let looks = 0;
  const slow = { find: async (): Promise<Found> => ({ state: ++looks > 2 ? 'ours' : 'missing' }) };
  await requireAll(['one'], release, slow, [0, 0, 0]);
  expect(looks).toBe(3);
  shelf.found.set('one', { state: 'ours' });
  await expect(requireAll(names, release, shelf, [0, 0])).rejects.toThrow('has no git tag:\n  two\n  three\n');
});
