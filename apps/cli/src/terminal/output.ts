import { styleText } from 'node:util';

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow';

/** stdout is data, stderr is messages. Colours where the stream is a terminal and NO_COLOR does not forbid them. */
export interface Output {
  readonly stream: NodeJS.WriteStream;
  line(text?: string): void;
  paint(style: Style, text: string): string;
}

export const out: Output = outputOn(process.stdout);
export const err: Output = outputOn(process.stderr);

function outputOn(stream: NodeJS.WriteStream): Output {
  const colours = stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
  return {
    stream,
    line: (text = '') => void stream.write(`${text}\n`),
    paint: (style, text) => (colours ? styleText(style, text, { validateStream: false }) : text),
  };
}
