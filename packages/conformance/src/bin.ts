#!/usr/bin/env node
import process from 'node:process';
import { parseArguments } from './command/arguments.ts';
import { runCommand } from './command/commands.ts';
import { watchEndings } from './command/endings.ts';
import { USAGE, UsageError } from './command/usage.ts';

watchEndings();
try {
  process.exitCode = await runCommand(parseArguments(process.argv.slice(2)));
} catch (error) {
  const usage = error instanceof UsageError;
  process.exitCode = usage ? 2 : 1;
  process.stderr.write(usage ? `${error.message}\n\n${USAGE}\n` : `${(error as Error)?.stack ?? String(error)}\n`);
}
