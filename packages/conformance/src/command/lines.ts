import { writeSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { BackendFacts, CaseResult } from '../report/report.ts';

/** What the backend's process tells the one that watches it: a line of JSON each. */
export type Line =
  /** Which cases there are, before anything of the driver's runs. */
  | { readonly type: 'cases'; readonly ids: readonly string[] }
  /** What it does next; silence for too long after it means that this hangs. Loading may take longer than a case. */
  | { readonly type: 'doing'; readonly what: string; readonly loading?: boolean }
  | { readonly type: 'backend'; readonly facts: BackendFacts }
  | { readonly type: 'result'; readonly result: CaseResult }
  /** Why no case can be run: `probe()` threw or did not come back. */
  | { readonly type: 'broken'; readonly text: string }
  /** Of a fuzz. */
  | { readonly type: 'progress'; readonly text: string }
  /** What goes to stdout. */
  | { readonly type: 'output'; readonly text: string }
  /** What goes to stderr, in place of a report. */
  | { readonly type: 'refusal'; readonly text: string; readonly usage: boolean }
  | { readonly type: 'done'; readonly status: number };

/** The pipe that lines go through: stdout and stderr are the driver's. */
const PIPE = 3;

/** Writes a line. It has arrived when this returns, also where the next call ends the process. */
export function tell(line: Line): void {
  let bytes = Buffer.from(`\n${JSON.stringify(line)}\n`);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(PIPE, bytes));
    } catch (error) {
      // Nobody reads any more: the watching process is gone.
      if ((error as { code?: string }).code !== 'EAGAIN') process.exit(1);
    }
  }
}

/** Calls `onLine` with each line that comes; what is none, as a driver's own, is left out. */
export function readLines(stream: Readable, onLine: (line: Line) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    for (const entry of lines) {
      const line = lineIn(entry);
      if (line !== null) onLine(line);
    }
  });
  // The process that wrote is gone; its end is told by other means.
  stream.on('error', () => {});
}

function lineIn(text: string): Line | null {
  if (!text.startsWith('{"type":"')) return null;
  try {
    return JSON.parse(text) as Line;
  } catch {
    return null;
  }
}
