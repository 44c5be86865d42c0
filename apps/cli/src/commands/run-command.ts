import { type Command, Option } from 'commander';
import { BACKENDS } from '../backends.ts';
import type { Shard } from '../stream/shard.ts';
import { err, print, printJson } from '../terminal/output.ts';
import { printError } from '../terminal/print-error.ts';
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
} from './arguments.ts';
import { CASTINGS, type Choices, EPS_MODES, namesOf } from './choices.ts';
import { checkStreamUsage, type RunOptions } from './run-options.ts';
import type { FinishOptions, ShardFinishedBefore } from './run-shard.ts';
import type { RunSummary } from './run-summary.ts';

/** Adds `rmsnorm run` to the command line. */
export function addRunCommand(main: Command, context: CommandContext): void {
  const command = main
    .command('run')
    .summary('normalize a tensor in a file')
    .description(
      'Normalize the rows of a tensor in a file: y = x / sqrt(mean(x^2) + eps) * gamma + beta. ' +
        'IN and OUT are .npy (float32, float16) or .safetensors (F32, F16, BF16). ' +
        'Files of any size are streamed; OUT appears complete, or not at all.',
    )
    .argument('[IN...]', 'the file to read, or - for .npy on stdin; several with --out-dir; none with --finish')
    .usage('[options] <IN>');
  addFileOptions(command);
  addNormOptions(command);
  addShardOptions(command);
  addRunningOptions(command);
  command
    .addHelpText('after', EXAMPLES)
    .action((inputs: readonly string[], flags: RunFlags) => act({ ...context, command }, inputs, flags));
}

function addFileOptions(command: Command): void {
  command
    .optionsGroup('Files:')
    .option('-o, --output <OUT>', 'the file to write; may be IN, with --force; - for .npy on stdout')
    .addOption(
      new Option('--out-dir <DIR>', 'instead: the folder to write to, a file for each IN, under its name').conflicts([
        'output',
        'shard',
        'finish',
      ]),
    )
    .option('--force', 'replace OUT where it exists; with --shard, also do a finished shard again')
    .option('--tensor <NAME>', 'which tensor of a .safetensors IN; all others are carried over unchanged')
    .addOption(value('--cast <DTYPE>', 'make IN float32 first: of float64, integers, big endian', oneOf(['float32'])))
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
    .option('--prefix <PREFIX>', "what stands before 'weight' and 'bias' in it: model.norm. (default: nothing)");
}

function addNormOptions(command: Command): void {
  command
    .optionsGroup('Normalization:')
    .addOption(value('--dim <N>', 'features: 512, or sizes of consecutive axes, 4,5', parseDim))
    .addOption(value('--groups <N>', 'groups of features, each normalized on its own', parseCount).default(1))
    .addOption(value('--axis <N>', 'where dim stands in the shape; -1 is the last axis', parseInteger).default(1))
    .addOption(value('--eps <N>', 'keeps the denominator from 0', parseEps).default(1e-6, '1e-6'))
    .addOption(choiceOf('--eps-mode <MODE>', EPS_MODES, 'add'))
    .addOption(value('--scale <N>', 'what multiplies x / norm2(x) (default: sqrt(dim / groups))', parseScale))
    .addOption(value('--partial <P>', 'fraction of each row that enters its mean', parsePartial).default(1))
    .addOption(value('--weight-offset <N>', 'added to gamma: 1 for Gemma', parseNumber).default(0))
    .addOption(choiceOf('--casting <MODE>', CASTINGS, 'gemma'));
}

function addShardOptions(command: Command): void {
  command
    .optionsGroup('Beyond one machine:')
    .addOption(
      value(
        '--shard <I/N>',
        'part I of N, from 0 to N - 1, of an OUT that all parts write on a shared disk',
        parseShard,
      ).conflicts('finish'),
    )
    .option('--finish', 'put OUT in place when all its shards are finished');
}

function addRunningOptions(command: Command): void {
  const backends = ['auto', ...BACKENDS.map(({ name }) => name)];
  command
    .optionsGroup('Running:')
    .addOption(choice('--backend <NAME>', 'what computes', backends, 'auto'))
    .addOption(
      value('--memory <SIZE>', 'most memory for the chunks in flight', parseMemory).default(64 * 2 ** 20, '64MiB'),
    )
    .option('--quiet', 'no progress, no summary')
    .option('--json', 'the summary as JSON on stdout')
    .addHelpOption(new Option('-h, --help', 'this text').helpGroup('Running:'));
}

function value<T>(flags: string, text: string, parse: (text: string) => T): Option {
  return new Option(flags, text).argParser(parse);
}

/** Not by commander's own choices(): its help and messages show the values in quotes. */
function choice<T extends string>(flags: string, text: string, choices: readonly T[], preset: T): Option {
  return value(flags, `${text}: ${choices.join(', ')}`, oneOf(choices)).default(preset, preset);
}

function choiceOf<Name extends string>(flags: string, choices: Choices<Name>, preset: Name): Option {
  const names = namesOf(choices);
  return choice(flags, names.map((name) => choices[name].help).join(', or '), names, preset);
}

/** What commander gives. The action sees to it that what {@link RunOptions} needs is there. */
interface RunFlags extends Partial<Omit<RunOptions, 'force' | 'progress' | 'output'>> {
  readonly output?: string;
  readonly outDir?: string;
  readonly shard?: Shard;
  readonly finish?: true;
  readonly force?: true;
  readonly quiet?: true;
  readonly json?: true;
}

/** What commands need of the process in which they run. */
export interface CommandContext {
  readonly signal: AbortSignal;
  /** When the process began, or the call of main(); in milliseconds as Date.now() has them. */
  readonly began: number;
  /** Is called with 1 where a command ends normally, but its result is a failure. */
  readonly setExitCode: (code: number) => void;
}

interface Invocation extends CommandContext {
  readonly command: Command;
}

async function act(invocation: Invocation, inputs: readonly string[], flags: RunFlags): Promise<void> {
  const { signal } = invocation;
  const command: Command = invocation.command;
  const { quiet = false, json = false, force = false, output } = flags;
  const options = { ...flags, force, progress: !quiet && !json };
  const tell = (value: object, lines: () => readonly string[]): void => {
    if (json) printJson(value);
    else if (!quiet) print(err, lines());
  };
  if (flags.outDir !== undefined)
    return actOnMany(invocation, inputs, flags.outDir, options as unknown as RunOptions, tell);
  if (output === undefined) command.error("error: required option '-o, --output <OUT>' not specified");
  if (inputs.length > 1) {
    command.error(`error: too many arguments: -o takes one IN, not ${inputs.length}; --out-dir <DIR> takes several`);
  }
  const [input] = inputs;
  checkStreamUsage(input, { ...flags, output });
  if (flags.finish) {
    const { finish, finishedLine } = await import('./run-shard.ts');
    const finished = await finish(input, options as FinishOptions, invocation);
    return tell(finished, () => [finishedLine(finished, err)]);
  }
  if (input === undefined) command.error("error: missing required argument 'IN'");
  if (!flags.dim) command.error("error: required option '--dim <N>' not specified");
  const summary = await runOrShard(input, options as RunOptions, flags.shard, signal);
  const { summaryLines } = await import('./run-summary.ts');
  const { shardFinishedLine } = await import('./run-shard.ts');
  tell(summary, () => ('finished' in summary ? [shardFinishedLine(summary, err)] : summaryLines(summary, err)));
}

async function actOnMany(
  invocation: Invocation,
  inputs: readonly string[],
  folder: string,
  options: RunOptions,
  tell: (value: object, lines: () => readonly string[]) => void,
): Promise<void> {
  if (inputs.length === 0) invocation.command.error("error: missing required argument 'IN'");
  if (!options.dim) invocation.command.error("error: required option '--dim <N>' not specified");
  const { manyLines, runMany } = await import('./run-many.ts');
  const results = await runMany(inputs, folder, options, invocation.signal, (input, error) => {
    err.line(`${input}:`);
    printError(error);
  });
  tell(results, () => manyLines(results, err));
  if (results.some((result) => 'error' in result)) invocation.setExitCode(1);
}

async function runOrShard(
  input: string,
  options: RunOptions,
  shard: Shard | undefined,
  signal: AbortSignal,
): Promise<RunSummary | ShardFinishedBefore> {
  if (!shard) return (await import('./run.ts')).run(input, options, signal);
  return (await import('./run-shard.ts')).runShard(input, options, shard, signal);
}

const EXAMPLES = `
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
  Many files, each into a folder under its name:
    rmsnorm run shards/*.npy --out-dir normalized --dim 512 --axis -1
  Between other programs:
    zcat x.npy.gz | rmsnorm run - -o - --dim 512 --cast float32 | gzip > y.npy.gz
  On eight machines that share a disk, task 0 to 7; then once:
    rmsnorm run x.npy -o y.npy --dim 512 --shard $TASK/8
    rmsnorm run -o y.npy --finish`;
