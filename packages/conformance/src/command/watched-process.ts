import { spawn } from 'node:child_process';
import process from 'node:process';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Arguments } from './arguments.ts';
import { type Line, readLines } from './lines.ts';

/** What the backend's process is to do. */
export type Request = Exclude<Arguments, { command: 'help' }> & {
  /** How many cases of the suite are done already. */
  readonly skip?: number;
};

/** How a process ended. */
export interface End {
  /** The status that it gave when it had done all; null where it ended before. */
  readonly status: number | null;
  /** What it did last. */
  readonly during: string;
  /** How it ended, in words; null where nothing is wrong with that. */
  readonly fault: string | null;
}

/** How long the process may take until a case runs, at least: whatever a case may take, programs load slowly at times. */
const LOADING_MS = 60_000;
/** How much longer than a case's own limit the process may be silent: the backend is disposed in that time. */
const GRACE_MS = 3000;
/** How long the process may go on when it has done all. */
const LINGER_MS = 3000;
/** How long its last lines may take after its end. */
const LAST_LINES_MS = 1000;

const PROGRAM = fileURLToPath(new URL('./backend-process.js', import.meta.url));

/** What ends the processes that run. */
const running = new Set<() => void>();

/** Ends all that runs. */
export function killAll(): void {
  for (const kill of running) kill();
}

/**
 * Does the request in a process of its own, and kills that where it is silent for too long. What the driver writes to
 * stdout comes out on stderr: stdout is the report's.
 */
export function runWatched(request: Request, onLine: (line: Line) => void): Promise<End> {
  // A debugger's port is taken by this process.
  const options = process.execArgv.filter((option) => !option.startsWith('--inspect'));
  const child = spawn(process.execPath, [...options, PROGRAM, JSON.stringify(request)], {
    stdio: ['ignore', 2, 2, 'pipe'],
  });
  const kill = (): void => void child.kill('SIGKILL');
  running.add(kill);
  let status: number | null = null;
  let during = 'while it started';
  let loading = true;
  let limit = LOADING_MS;
  let silent = false;
  let timer: NodeJS.Timeout | undefined;
  const watch = (): void => {
    clearTimeout(timer);
    limit = loading ? Math.max(request.timeout, LOADING_MS) : request.timeout;
    timer = setTimeout(
      () => {
        silent = true;
        kill();
      },
      status === null ? limit + GRACE_MS : LINGER_MS,
    );
  };
  watch();
  readLines(child.stdio[3] as Readable, (line) => {
    if (line.type === 'done') status = line.status;
    if (line.type === 'doing') {
      during = line.what;
      loading = line.loading ?? false;
    }
    watch();
    onLine(line);
  });
  return new Promise((resolve) => {
    const end = (fault: string | null): void => {
      clearTimeout(timer);
      running.delete(kill);
      resolve({ status, during, fault });
    };
    const faultOf = (code: number | null, signal: NodeJS.Signals | null): string | null => {
      if (status !== null && (silent || code === 0)) return null;
      return silent ? describeSilence(limit) : describeEnd(code, signal);
    };
    child.on('error', (error) => end(`could not be started: ${error.message}`));
    // 'close' comes when its lines have been read, too; but what it started itself may hold the pipe open.
    child.on('close', (code, signal) => end(faultOf(code, signal)));
    child.on('exit', (code, signal) => setTimeout(() => end(faultOf(code, signal)), LAST_LINES_MS).unref());
  });
}

function describeSilence(timeout: number): string {
  return (
    `did not come back within ${timeout / 1000} s, nor did it let a timer run, and was killed: ` +
    'does a loop wait for what never comes?'
  );
}

/** Of the exit statuses on Windows, these are exceptions that nobody handled: 0xc0000005 is a wrong address. */
const EXCEPTIONS = { first: 0xc0000000, last: 0xcfffffff } as const;
/** As `abort()` ends a process there. */
const ABORTED = 134;

export function describeEnd(
  code: number | null,
  signal: NodeJS.Signals | null,
  system: NodeJS.Platform = process.platform,
): string {
  if (signal === 'SIGKILL') return 'was killed with SIGKILL, as the system does where memory runs out';
  if (signal !== null) return `crashed with ${signal}: stderr may say why`;
  // Windows has no signals: a crash is the status that names the exception, an abort is 134.
  const status = (code ?? 0) >>> 0;
  if (status >= EXCEPTIONS.first && status <= EXCEPTIONS.last)
    return `crashed with 0x${status.toString(16)}: stderr may say why`;
  if (code === ABORTED && system === 'win32')
    return `was aborted with exit status ${code}, as Node does where memory runs out: stderr may say why`;
  if (code === 13) return 'ended with exit status 13: a promise that it waits for never settles';
  return `ended with exit status ${code}: does the driver call process.exit()?`;
}
