import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../workspace.ts';
import { Refusal } from './refusal.ts';

export interface Size {
  bytes: number;
  /** Why it grew by more than a tenth, at the last release that it did. */
  why?: string;
}

/** Bytes of each package's tarball at the last release. */
export type Sizes = Record<string, Size>;

const GROWTH = 1.1;

export const sizesFile = '.ci/release/sizes.json';

export const readSizes = (dir: string = root): Sizes => JSON.parse(readFileSync(join(dir, sizesFile), 'utf8')) as Sizes;

export function writeSizes(sizes: Sizes, dir: string = root): void {
  writeFileSync(join(dir, sizesFile), `${JSON.stringify(sizes, null, 2)}\n`);
}

/** The sizes to note with this release; refuses a tarball that grew by more than a tenth without a word. */
export function sizesAfter(before: Sizes, now: Record<string, number>, why: string | undefined): Sizes {
  const grown = Object.entries(now).filter(([name, bytes]) => before[name] && bytes > before[name].bytes * GROWTH);
  if (grown.length > 0 && why === undefined) {
    const lines = grown.map(([name, bytes]) => {
      const percent = Math.round((bytes / before[name]!.bytes - 1) * 100);
      return `  ${name}: ${bytes} bytes, ${percent} % more than the ${before[name]!.bytes} of the last release`;
    });
    throw new Refusal(
      `these tarballs grew by more than 10 %:\n${lines.join('\n')}\nWhere that is meant: pnpm release --grew 'WHY'`,
    );
  }
  const names = new Set(grown.map(([name]) => name));
  return Object.fromEntries(
    Object.entries(now).map(([name, bytes]) => {
      const reason = names.has(name) ? why : before[name]?.why;
      return [name, reason === undefined ? { bytes } : { bytes, why: reason }];
    }),
  );
}
