interface Process {
  exitCode?: number | string | undefined;
  on(event: 'exit', listener: (code: number) => void): void;
  removeListener(event: 'exit', listener: (code: number) => void): void;
}

let isWatched = false;

/** From now on no guard does anything: another process watches this one, and tells of its end. */
export function leaveExitsAlone(): void {
  isWatched = true;
}

/**
 * Where a driver ends the process while cases run, says so, and makes the exit status 1: it would be 0, as if all had
 * passed. `doing` tells what runs at the moment, `strays` what was thrown that nobody has heard of, which may be why.
 * Gives back how to stop. Without effect where there is no process.
 */
export function guardExit(doing: () => string, strays: () => readonly string[]): () => void {
  const { process, Deno } = globalThis as { process?: Process; Deno?: unknown };
  if (Deno !== undefined || typeof process?.on !== 'function') return () => {};
  const onExit = (code: number): void => {
    if (isWatched) return;
    if (code === 0) process.exitCode = 1;
    const ended = `@rmsnorm/conformance: the process ended with exit status ${code} ${doing()}`;
    const why = strays();
    console.error(why.length > 0 ? `${ended}:\n${why.join('\n')}` : `${ended}: does the driver call process.exit()?`);
  };
  process.on('exit', onExit);
  return () => process.removeListener('exit', onExit);
}

declare const console: { error(text: string): void };
