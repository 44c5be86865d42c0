import type { Shader } from '../../plan.ts';

// WGSL has neither includes nor generics: shaders are put together as text.

/** What a placeholder of a template holds: text, a number, several lines; or nothing. */
export type Part = string | number | false | null | undefined | readonly Part[];

/** Marks a placeholder that holds nothing. */
const NOTHING = '\0';

/**
 * WGSL as one template that reads from top to bottom, conditions and all: a line with nothing but empty placeholders is
 * left out. Indentation does not matter, `shaderOf` sees to it.
 */
export function wgsl(strings: TemplateStringsArray, ...parts: readonly Part[]): string {
  let text = strings[0]!;
  for (const [i, part] of parts.entries()) text += (textOf(part) || NOTHING) + strings[i + 1]!;
  if (text.includes(NOTHING)) {
    const lines = text.split('\n').filter((line) => !line.includes(NOTHING) || line.replaceAll(NOTHING, '').trim());
    text = lines.join('\n').replaceAll(NOTHING, '');
  }
  return text.trim();
}

function textOf(part: Part): string {
  if (typeof part === 'object' && part !== null) return part.map(textOf).filter(Boolean).join('\n');
  return typeof part === 'string' || typeof part === 'number' ? `${part}` : '';
}

/** A shader whose text is made, and indented, when its pipeline is compiled. */
export function shaderOf(key: string, text: () => string): Shader {
  return { key, code: () => indented(text()) };
}

/** Two spaces for each open bracket, and an empty line before and behind each function and struct. */
export function indented(text: string): string {
  const lines: string[] = [];
  let depth = 0;
  let gap = false;
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (line === '') {
      gap = true;
      continue;
    }
    const separate = gap || (depth === 0 && BEGINS.test(line));
    if (separate && lines.length > 0 && !ATTACHED.test(lines.at(-1)!)) lines.push('');
    const { closedFirst, opened, closed } = bracketsIn(line);
    lines.push('  '.repeat(depth - closedFirst) + line);
    depth += opened - closed;
    gap = depth === 0 && line.endsWith('}');
  }
  return `${lines.join('\n')}\n`;
}

/** An empty line goes before these. */
const BEGINS = /^(fn|struct|@compute|\/\/)/;
/** No empty line goes after these. */
const ATTACHED = /^\s*(\/\/|@compute)/;

/** How many brackets a line of code opens and closes, and how many it closes before anything else. */
function bracketsIn(line: string): { opened: number; closed: number; closedFirst: number } {
  const comment = line.indexOf('//');
  const end = comment < 0 ? line.length : comment;
  let opened = 0;
  let closed = 0;
  let closedFirst = 0;
  for (let i = 0; i < end; i++) {
    switch (line[i]) {
      case '{':
      case '(':
      case '[':
        opened++;
        break;
      case '}':
      case ')':
      case ']':
        closed++;
        if (opened === 0) closedFirst++;
    }
  }
  return { opened, closed, closedFirst };
}

/** `line(0)` to `line(count - 1)`: a loop over registers, which WGSL cannot index without spilling them. */
export function unrolled(count: number, line: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => line(index)).join('\n');
}

/** The sum of terms as a balanced tree, which is the order of the additions: ((a + b) + (c + d)) + ... */
export function tree(terms: readonly string[]): string {
  if (terms.length === 1) return terms[0]!;
  // Halves as even as they come; the first is never the shorter one.
  const half = Math.ceil(terms.length / 2);
  return `(${tree(terms.slice(0, half))} + ${tree(terms.slice(half))})`;
}
