import { randomBytes } from 'node:crypto';
import { styleText } from 'node:util';
import { printable, printableJson } from './printable.ts';

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** stdout is for data, stderr for messages. Colours are used on a terminal, unless NO_COLOR forbids them. */
export interface Output {
  readonly stream: NodeJS.WriteStream;
  readonly colours: boolean;
  /** Writes one line. Control characters in it are escaped, wherever they come from. */
  line(text?: string): void;
  /** Text that {@link line} will show in a style. */
  paint(style: Style, text: string): string;
  /** What {@link line} writes for a text, without the line's end. */
  shown(text: string): string;
}

/**
 * Stands around painted text until it is written. It is random, so that nothing in a file or a message can paint: only
 * {@link Output.paint} does.
 */
const MARK = `\0${randomBytes(8).toString('hex')}`;
const PAINTED = new RegExp(`${MARK}([a-z]+)\0(.*?)${MARK}\0`, 'gs');

/** An output on `stream`, in an environment. */
export function outputOn(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Output {
  const colours = stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
  const shown = (text: string): string => {
    let plain = 0;
    let written = '';
    for (const { 0: whole, 1: style, 2: inner, index } of text.matchAll(PAINTED)) {
      written += printable(text.slice(plain, index));
      written += styleText(style as Style, printable(inner!), { validateStream: false });
      plain = index + whole.length;
    }
    return written + printable(text.slice(plain));
  };
  return {
    stream,
    colours,
    line: (text = '') => void stream.write(`${shown(text)}\n`),
    paint: (style, text) => (colours ? `${MARK}${style}\0${text}${MARK}\0` : text),
    shown,
  };
}

export const out: Output = outputOn(process.stdout, process.env);
export const err: Output = outputOn(process.stderr, process.env);

export function print(output: Output, lines: readonly string[]): void {
  for (const line of lines) output.line(line);
}

/** Prints a value as JSON on stdout. */
export function printJson(value: unknown): void {
  out.stream.write(`${printableJson(value)}\n`);
}
