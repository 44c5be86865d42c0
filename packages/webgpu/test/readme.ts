import { readFileSync } from 'node:fs';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

/**
 * The blocks of code under a heading of the README, in their order, as they stand there.
 * @throws Error where there is none: a heading that was renamed must not leave a test with nothing to run
 */
export function codeUnder(heading: string): string[] {
  const start = readme.search(new RegExp(`^#+ ${heading}$`, 'm'));
  if (start < 0) throw new Error(`README.md has no heading '${heading}'`);
  const section = readme.slice(start).split(/\n#+ /, 1)[0]!;
  const blocks = [...section.matchAll(/^```(?:html|js|ts)\n([\s\S]*?)^```$/gm)].map((match) => match[1]!);
  if (blocks.length === 0) throw new Error(`README.md has no code under '${heading}'`);
  return blocks;
}

/** How many blocks of code there are in all, shell commands aside. */
export function countCode(): number {
  return [...readme.matchAll(/^```(?:html|js|ts)$/gm)].length;
}
