import { expect, test } from 'vitest';
import { outputOn } from './output.ts';
import { oneLine, printable, printableJson } from './printable.ts';

/** What an output on a stream writes as one line, `x` of it bold. */
function written(isTTY: boolean, env: NodeJS.ProcessEnv, text = 'x'): string {
  let all = '';
  const write = (part: string): void => {
    all += part;
  };
  const { line, paint } = outputOn({ isTTY, write } as unknown as NodeJS.WriteStream, env);
  line(`${text} ${paint('bold', text)}`);
  return all;
}

test('colours on a terminal', () => {
  expect(written(true, { TERM: 'xterm' })).toBe('x \x1b[1mx\x1b[22m\n');
});

test.each([
  ['a pipe', false, { TERM: 'xterm' }],
  ['NO_COLOR', true, { TERM: 'xterm', NO_COLOR: '1' }],
  ['a dumb terminal', true, { TERM: 'dumb' }],
])('none on %s', (_name, isTTY, env) => {
  expect(written(isTTY, env)).toBe('x x\n');
});

test('an empty NO_COLOR forbids nothing (https://no-color.org)', () => {
  expect(written(true, { TERM: 'xterm', NO_COLOR: '' })).toContain('\x1b');
});

const HOSTILE: readonly (readonly [what: string, text: string, shown: string])[] = [
  ['escape sequences', '\x1b[2J\x1b]0;title\x07', '\\x1b[2J\\x1b]0;title\\x07'],
  ['our own colours', '\x1b[1mx\x1b[22m', '\\x1b[1mx\\x1b[22m'],
  ['C1, which some terminals take for escape sequences', 'a\x9b2Jb\x7f', 'a\\x9b2Jb\\x7f'],
  ['lines', 'a\nRMSNORM: all is well\r\n\u2028\u0085', 'a\\nRMSNORM: all is well\\r\\n\\u2028\\x85'],
  ['another direction', 'x\u202egpj.npy \u2067\u200f', 'x\\u202egpj.npy \\u2067\\u200f'],
  ['what is not seen', 'a\u200bb\u{e0041}', 'a\\u200bb\\u{e0041}'],
  ['half a character', 'a\ud800b', 'a\\ud800b'],
  ['a mark such as ours', '\x000123456789abcdefbold\x00x', '\\x000123456789abcdefbold\\x00x'],
  ['words of any language stay', 'é 日本 🎉 a\u0301 \\ "', 'é 日本 🎉 a\u0301 \\ "'],
];

test.each(HOSTILE)('%s', (_what, text, shown) => {
  expect(printable(text)).toBe(shown);
  expect(written(false, {}, text)).toBe(`${shown} ${shown}\n`);
  expect(written(true, { TERM: 'xterm' }, text)).toBe(`${shown} \x1b[1m${shown}\x1b[22m\n`);
  const json = printableJson({ [text]: [text] });
  expect(printable(json.replaceAll('\n', ''))).toBe(json.replaceAll('\n', ''));
  expect(JSON.parse(json)).toEqual({ [text]: [text] });
});

test('a message without end is cut', () => {
  expect(oneLine('x'.repeat(1e6))).toMatch(/^x{4000}\.\.\. \(996000 characters more\)$/);
});
