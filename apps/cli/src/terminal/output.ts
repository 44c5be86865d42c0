import { styleText } from 'node:util';

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow';

/** stdout is for data, stderr for messages. Colours are used on a terminal, unless NO_COLOR forbids them. */
export interface Output {
  readonly stream: NodeJS.WriteStream;
  line(text?: string): void;
  paint(style: Style, text: string): string;
}

/** An output on `stream`, in an environment. */
export function outputOn(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Output {
  const colours = stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
  return {
    stream,
    line: (text = '') => void stream.write(`${text}\n`),
    paint: (style, text) => (colours ? styleText(style, text, { validateStream: false }) : text),
  };
}

export const out: Output = outputOn(process.stdout, process.env);
export const err: Output = outputOn(process.stderr, process.env);

export function print(output: Output, lines: readonly string[]): void {
  for (const line of lines) output.line(line);
}

/** Prints a value as JSON on stdout. */
export function printJson(value: unknown): void {
  out.line(JSON.stringify(value, null, 2));
}
