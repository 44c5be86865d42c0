import process from 'node:process';

/** A log gets a line this often. */
const LOG_MS = 10_000;

/** How far a run is: one line that is written over on a terminal, a line now and then in a log. On stderr. */
export interface Progress {
  show(text: string): void;
  stop(): void;
}

export function startProgress(): Progress {
  return process.stderr.isTTY ? onTerminal() : inLog();
}

function onTerminal(): Progress {
  return {
    show(text) {
      const width = Math.max(20, (process.stderr.columns ?? 80) - 1);
      process.stderr.write(`\r\x1b[K${text.slice(0, width)}`);
    },
    stop: () => void process.stderr.write('\r\x1b[K'),
  };
}

function inLog(): Progress {
  const begun = Date.now();
  let latest = '';
  const timer = setInterval(() => {
    const seconds = Math.round((Date.now() - begun) / 1000);
    if (latest !== '') process.stderr.write(`${seconds} s: ${latest}\n`);
  }, LOG_MS);
  timer.unref();
  return {
    show(text) {
      latest = text;
    },
    stop: () => clearInterval(timer),
  };
}
