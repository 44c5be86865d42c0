import { createRequire } from 'node:module';
import { Command, Option } from 'commander';
import { BACKENDS } from './backends.ts';
import {
  oneOf,
  parseCount,
  parseDim,
  parseEps,
  parseInteger,
  parseMemory,
  parseNumber,
  parsePartial,
  parseScale,
  parseShard,
  parseWeights,
} from './commands/arguments.ts';
import type { RunOptions } from './commands/run-options.ts';
import type { FinishOptions, ShardFinishedBefore } from './commands/run-shard.ts';
import type { RunSummary } from './commands/run-summary.ts';
import type { VerifyOptions } from './commands/verify.ts';
import type { Shard } from './stream/shard.ts';
import { err, type Output, out } from './terminal/output.ts';

/**
 * The command line; each command is loaded when it is asked for. `setExitCode` hears 1 where a command ends as it
 * should, with a result that is a failure.
 */
export function program(signal: AbortSignal, setExitCode: (code: number) => void): Command {
  const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
  const main = new Command('rmsnorm')
    .description('Root Mean Square Normalization of .npy and .safetensors files, streamed.')
    .version(version)
    .exitOverride()
    .configureOutput({ getOutHasColors: () => false, getErrHasColors: () => false })
    .helpCommand(false)
    .helpOption('-h, --help', 'this text')
    .showHelpAfterError('(add --help for all options and examples)')
    .addHelpText('after', EXAMPLES.main);
  runCommand(main, signal);
  doctorCommand(main, setExitCode);
  verifyCommand(main, signal, setExitCode);
  benchCommand(main, signal);
  return main;
}

function runCommand(main: Command, signal: AbortSignal): void {
  const choice = (flags: string, text: string, choices: readonly string[], preset: string): Option =>
    new Option(flags, `${text}: ${choices.join(', ')}`).argParser(oneOf(choices)).default(preset, preset);
  const value = <T>(flags: string, text: string, parse: (text: string) => T): Option =>
    new Option(flags, text).argParser(parse);
  const backends = ['auto', ...BACKENDS.map(({ name }) => name)];

  main
    .command('run')
    .summary('normalize a tensor in a file')
    .description(
      'Normalize the rows of a tensor in a file: y = x / sqrt(mean(x^2) + eps) * gamma + beta. ' +
        'IN and OUT are .npy (float32, float16) or .safetensors (F32, F16, BF16). ' +
        'Files of any size are streamed; OUT appears complete, or not at all.',
    )
    .argument('[IN]', 'the file to read; --finish needs none')
    .usage('[options] <IN>')
    .optionsGroup('Files:')
    .requiredOption('-o, --output <OUT>', 'the file to write; may be IN, with --force')
    .option('--force', 'replace OUT where it exists; with --shard, also do a finished shard again')
    .option('--tensor <NAME>', 'which tensor of a .safetensors IN; all others are carried over unchanged')
    .addOption(
      value(
        '--gamma <FILE>',
        'factors, dim of them: FILE.npy, FILE.safetensors or FILE.safetensors:NAME',
        parseWeights,
      ),
    )
    .addOption(value('--beta <FILE>', 'summands, likewise', parseWeights))
    .option(
      '--weights <FILE>',
      'instead of both: a .safetensors file with <PREFIX>weight, and <PREFIX>bias if it has one',
    )
    .option('--prefix <PREFIX>', "what stands before 'weight' and 'bias' in it: model.norm. (default: nothing)")
    .optionsGroup('Normalization:')
    .addOption(value('--dim <N>', 'features: 512, or sizes of consecutive axes, 4,5', parseDim))
    .addOption(value('--groups <N>', 'groups of features, each normalized on its own', parseCount).default(1))
    .addOption(value('--axis <N>', 'where dim stands in the shape; -1 is the last axis', parseInteger).default(1))
    .addOption(value('--eps <N>', 'keeps the denominator from 0', parseEps).default(1e-6, '1e-6'))
    .addOption(choice('--eps-mode <MODE>', 'eps inside the root, or as the least norm', ['add', 'clamp'], 'add'))
    .addOption(value('--scale <N>', 'what multiplies x / norm2(x) (default: sqrt(dim / groups))', parseScale))
    .addOption(value('--partial <P>', 'fraction of each row that enters its mean', parsePartial).default(1))
    .addOption(value('--weight-offset <N>', 'added to gamma: 1 for Gemma', parseNumber).default(0))
    .addOption(choice('--casting <MODE>', 'round once, or before gamma too', ['gemma', 'llama'], 'gemma'))
    .optionsGroup('Beyond one machine:')
    .addOption(
      value(
        '--shard <I/N>',
        'part I of N, from 0 to N - 1, of an OUT that all parts write on a shared disk',
        parseShard,
      ).conflicts('finish'),
    )
    .option('--finish', 'put OUT in place when all its shards are finished')
    .optionsGroup('Running:')
    .addOption(choice('--backend <NAME>', 'what computes', backends, 'auto'))
    .addOption(
      value('--memory <SIZE>', 'most memory for the chunks in flight', parseMemory).default(64 * 2 ** 20, '64MiB'),
    )
    .option('--quiet', 'no progress, no summary')
    .option('--json', 'the summary as JSON on stdout')
    .addHelpOption(new Option('-h, --help', 'this text').helpGroup('Running:'))
    .addHelpText('after', EXAMPLES.run)
    .action(async (input: string | undefined, given: RunFlags, command: Command) => {
      const { quiet = false, json = false, force = false } = given;
      const options = { ...given, force, progress: !quiet && !json };
      const told = (value: object, lines: () => readonly string[]): void => {
        if (json) printJson(value);
        else if (!quiet) print(err, lines());
      };
      if (given.finish) {
        const { finish, finishedLine } = await import('./commands/run-shard.ts');
        const finished = await finish(input, options as FinishOptions);
        return told(finished, () => [finishedLine(finished, err)]);
      }
      if (input === undefined) command.error("error: missing required argument 'IN'");
      if (!given.dim) command.error("error: required option '--dim <N>' not specified");
      const summary = await runOrShard(input, options as RunOptions, given.shard, signal);
      const { summaryLines } = await import('./commands/run-summary.ts');
      const { shardFinishedLine } = await import('./commands/run-shard.ts');
      told(summary, () => ('finished' in summary ? [shardFinishedLine(summary, err)] : summaryLines(summary, err)));
    });
}

async function runOrShard(
  input: string,
  options: RunOptions,
  shard: Shard | undefined,
  signal: AbortSignal,
): Promise<RunSummary | ShardFinishedBefore> {
  if (!shard) return (await import('./commands/run.ts')).run(input, options, signal);
  return (await import('./commands/run-shard.ts')).runShard(input, options, shard, signal);
}

/** As commander gives them: what must be there of RunOptions is seen to in the action. */
interface RunFlags extends Partial<Omit<RunOptions, 'force' | 'progress' | 'output'>> {
  readonly output: string;
  readonly shard?: Shard;
  readonly finish?: true;
  readonly force?: true;
  readonly quiet?: true;
  readonly json?: true;
}

function doctorCommand(main: Command, setExitCode: (code: number) => void): void {
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

function verifyCommand(main: Command, signal: AbortSignal, setExitCode: (code: number) => void): void {
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

function benchCommand(main: Command, signal: AbortSignal): void {
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

function print(output: Output, lines: readonly string[]): void {
  for (const line of lines) output.line(line);
}

function printJson(value: unknown): void {
  out.line(JSON.stringify(value, null, 2));
}

const EXAMPLES = {
  main: `
Examples:
  rmsnorm run embeddings.npy -o normalized.npy --dim 512 --axis -1
  rmsnorm doctor
  rmsnorm verify wasm
  rmsnorm bench

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 Ctrl-C. rmsnorm COMMAND --help has options and examples.`,
  run: `
Examples:
  Rows of 512 features, the last axis:
    rmsnorm run embeddings.npy -o normalized.npy --dim 512 --axis -1
  Images (batch, channels, height, width), over the channels, in 8 groups:
    rmsnorm run images.npy -o normalized.npy --dim 512 --groups 8
  A layer of a Llama model:
    rmsnorm run hidden.safetensors --tensor hidden -o out.safetensors --dim 4096 --axis -1 --eps 1e-5 \\
      --casting llama --weights model.safetensors --prefix model.layers.0.input_layernorm.
    (the same: --gamma model.safetensors:model.layers.0.input_layernorm.weight)
  In place:
    rmsnorm run x.npy -o x.npy --force --dim 512
  On eight machines that share a disk, task 0 to 7; then once:
    rmsnorm run x.npy -o y.npy --dim 512 --shard $TASK/8
    rmsnorm run -o y.npy --finish`,
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
