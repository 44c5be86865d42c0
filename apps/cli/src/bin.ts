#!/usr/bin/env node
import { closeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { fileError } from './files/file-error.ts';
import { main } from './main.ts';
import { err } from './terminal/output.ts';

const args = process.argv.slice(2);

// What is said when the work is done may find no reader any more: `2>&1 | head -0`, a closed terminal, a full disk. The exit
// code tells how the work ended all the same. An output on stdout has its errors from its own writes.
process.stderr.on('error', () => {});
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader that stops reading (`rmsnorm doctor | head -1`) has what it wanted.
  const isRun = args[0] === 'run' && !args.includes('--help') && !args.includes('-h');
  if (error.code === 'EPIPE' || error.code === 'EOF' || isRun) return;
  err.line(fileError(error, 'write to stdout').message);
  // Of these commands, what they print is all that they do.
  process.on('exit', (code) => {
    process.exitCode = code || 1;
  });
});

// Where a terminal was closed meanwhile, Node cannot give it back its settings when it ends, and aborts. It does not try where
// nothing is open.
const terminals = [0, 1, 2].filter((fd) => isatty(fd));
process.on('exit', () => {
  for (const fd of terminals) if (!isatty(fd)) closeSync(fd);
});

process.exitCode = await main(args, performance.timeOrigin);
// After a signal, nothing waits any more for the reader of an output on stdout.
if (process.exitCode > 128) process.exit();
