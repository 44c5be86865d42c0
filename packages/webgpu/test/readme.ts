import { readFileSync } from 'node:fs';

/** The code in a README. */
export interface Readme {
  readonly text: string;
  /**
   * The blocks of code under a heading, in their order, as they stand there.
   * @throws Error where there is none: a heading that was renamed must not leave a test with nothing to run
   */
  codeUnder(heading: string): string[];
  /** How many blocks of code there are in all, shell commands aside. */
  countCode(): number;
}

export function readmeAt(url: URL): Readme {
  const text = readFileSync(url, 'utf8');
  return {
    text,
    codeUnder: (heading) => {
      const start = text.search(new RegExp(`^#+ ${heading}$`, 'm'));
      if (start < 0) throw new Error(`README.md has no heading '${heading}'`);
      const section = text.slice(start).split(/\n#+ /, 1)[0]!;
      const blocks = [...section.matchAll(/^```(?:html|js|ts)\n([\s\S]*?)^```$/gm)].map((match) => match[1]!);
      if (blocks.length === 0) throw new Error(`README.md has no code under '${heading}'`);
      return blocks;
    },
    countCode: () => [...text.matchAll(/^```(?:html|js|ts)$/gm)].length,
  };
}

/** Of this package. */
export const readme: Readme = readmeAt(new URL('../README.md', import.meta.url));
