import { expect, test } from 'vitest';
import { outputOn } from './output.ts';

const terminal = { isTTY: true } as NodeJS.WriteStream;
const pipe = {} as NodeJS.WriteStream;

test('colours on a terminal', () => {
  expect(outputOn(terminal, { TERM: 'xterm' }).paint('bold', 'x')).toBe('\x1b[1mx\x1b[22m');
});

test.each([
  ['a pipe', pipe, { TERM: 'xterm' }],
  ['NO_COLOR', terminal, { TERM: 'xterm', NO_COLOR: '1' }],
  ['a dumb terminal', terminal, { TERM: 'dumb' }],
])('none on %s', (_name, stream, env) => {
  expect(outputOn(stream, env).paint('bold', 'x')).toBe('x');
});

test('an empty NO_COLOR forbids nothing (https://no-color.org)', () => {
  expect(outputOn(terminal, { TERM: 'xterm', NO_COLOR: '' }).paint('bold', 'x')).not.toBe('x');
});
