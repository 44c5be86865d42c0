import { createRequire } from 'node:module';
import { Command, Option } from 'commander';
import { BACKENDS } from './backends.ts';
import { parseCount } from './commands/arguments.ts';
import { addRunCommand, type CommandContext } from './commands/run-command.ts';
import type { VerifyOptions } from './commands/verify.ts';
import { err, out, print, printJson } from './terminal/output.ts';
import { oneLine } from './terminal/printable.ts';

/** The command line. What a command runs is loaded when the command is given. */
export function program(context: CommandContext): Command {
  const { signal, setExitCode } = context;
  const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
  const main = new Command('rmsnorm')
    .description('Root Mean Square Normalization of .npy and .safetensors files, streamed.')
    .version(version)
    .exitOverride()
    .configureOutput({
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      outputError: (text) => print(err, errorLines(text)),
    })
    .helpCommand(false)
    .helpOption('-h, --help', 'this text')
    .showHelpAfterError('(add --help for all options and examples)')
    .addHelpText('after', EXAMPLES.main);
  addRunCommand(main, context);
  addDoctorCommand(main, setExitCode);
  addVerifyCommand(main, signal, setExitCode);
  addBenchCommand(main, signal);
  return main;
}

/** commander's message, which quotes arguments, and below it commander's own guess at what was meant. */
function errorLines(text: string): string[] {
  const [, message = '', guess] = /^(.*?)(?:\n(\(Did you mean .*\)))?\n?$/s.exec(text) ?? [];
  return [message, guess].filter((line) => line !== undefined).map(oneLine);
}

function addDoctorCommand(main: Command, setExitCode: (code: number) => void): void {
  main
    .command('doctor')
    .summary('which backends work here, and why not')
    .description('Say of every backend whether it works here; if not, why, and what to do.')
    .option('--json', 'as JSON')
    .addHelpText('after', EXAMPLES.doctor)
    .action(async ({ json }: { json?: true }) => {
      const { doctor, doctorLines } = await import('./commands/doctor.ts');
      const report = await doctor();
      if (json) printJson(report);
      else print(out, doctorLines(report, out));
      if (report.auto === null) setExitCode(1);
    });
}

function addVerifyCommand(main: Command, signal: AbortSignal, setExitCode: (code: number) => void): void {
  main
    .command('verify')
    .summary('check a backend, or one of yours')
    .description('Check a backend against all that the contract promises: the conformance suite.')
    .argument('<BACKEND>', `${BACKENDS.map(({ name }) => name).join(', ')}; or a module of yours, ./my-backend.js`)
    .option('--filter <ID>', "part of a case's id, or a pattern with *")
    .addOption(new Option('--seed <N>', 'of all random inputs, to repeat a run').argParser(parseCount))
    .option('--json', 'the report as JSON')
    .addHelpText('after', EXAMPLES.verify)
    .action(async (subject: string, options: Omit<VerifyOptions, 'progress'> & { json?: true }) => {
      const { verify, reportLines } = await import('./commands/verify.ts');
      const report = await verify(subject, { ...options, progress: !options.json }, signal);
      if (options.json) printJson(report);
      else print(out, reportLines(report, out));
      if (report.failed > 0) setExitCode(1);
    });
}

function addBenchCommand(main: Command, signal: AbortSignal): void {
  main
    .command('bench')
    .summary('time the backends against a copy')
    .description('Time forward on every backend that works here, against a copy of the same bytes.')
    .option('--json', 'as JSON')
    .addHelpText('after', EXAMPLES.bench)
    .action(async ({ json }: { json?: true }) => {
      const { bench, benchLines } = await import('./commands/bench.ts');
      const report = await bench(!json, signal);
      if (json) printJson(report);
      else print(out, benchLines(report, out));
    });
}

const EXAMPLES = {
  main: `
Examples:
  rmsnorm run embeddings.npy -o normalized.npy --dim 512 --axis -1
  rmsnorm doctor
  rmsnorm verify wasm
  rmsnorm bench

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 Ctrl-C. rmsnorm COMMAND --help has options and examples.`,
  doctor: `
Examples:
  rmsnorm doctor
  rmsnorm doctor --json | jq -r .auto`,
  verify: `
Examples:
  rmsnorm verify wasm
  rmsnorm verify wasm --filter 'forward/values:*float16*'
  rmsnorm verify ./my-backend.js --json > report.json

A module's default export is a BackendProvider, or a function that returns one. Exit code 1 where a case fails.`,
  bench: `
Examples:
  rmsnorm bench
  rmsnorm bench --json > bench.json`,
};
