// The commands of gpu-check.

import { parseArgs } from 'node:util';

const USAGE = `Usage:
  gpu-check pack FOLDER [--node PATH | --node none]
  gpu-check run [--out FOLDER] [--device N | emulated] [--filter CASES] [--seconds 560] [--only suite,sanitizers,speed,host] [--python python3]

pack gathers all that a machine with a GPU needs in one folder: the built packages, Node (from npm, or the one at PATH) and these
scripts. run, there or here, writes report.json and report.md; RMSNORM_CUDA_DEVICE=emulated runs it without a GPU. Exit status 0:
the suite passed, all bits are those of the emulated device, and compute-sanitizer, where it is there, found nothing.`;

const STEPS = ['suite', 'sanitizers', 'speed', 'host'];

function fail(message) {
  console.error(`gpu-check: ${message}\n\n${USAGE}`);
  process.exit(2);
}

function parsed() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        node: { type: 'string' },
        out: { type: 'string' },
        device: { type: 'string' },
        filter: { type: 'string' },
        seconds: { type: 'string' },
        only: { type: 'string' },
        python: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    return fail(error.message);
  }
}

/** '0' is the first GPU. */
function deviceOf(text) {
  if (/^\d+$/.test(text)) return Number(text);
  if (text.startsWith('emulated')) return text;
  return fail(`--device takes the number of a GPU or 'emulated', got '${text}'`);
}

function stepsOf(text) {
  const wanted = text.split(',');
  const unknown = wanted.filter((step) => !STEPS.includes(step));
  if (unknown.length > 0) fail(`--only takes ${STEPS.join(', ')}, got '${unknown.join(', ')}'`);
  return wanted;
}

function runOptions({ out, device, filter = '', seconds = '560', only = STEPS.join(','), python = 'python3' }) {
  if (!(Number(seconds) > 0)) fail(`--seconds takes a positive number, got '${seconds}'`);
  return {
    out: out ?? process.env.OUT ?? 'gpu-check-report',
    device: deviceOf(device ?? process.env.RMSNORM_CUDA_DEVICE ?? '0'),
    filter,
    seconds: Number(seconds),
    steps: stepsOf(only),
    python,
  };
}

const { values, positionals } = parsed();
const [command, ...rest] = positionals;
if (values.help) {
  console.log(USAGE);
} else if (command === 'pack' && rest.length === 1) {
  const { pack } = await import('./pack.mjs');
  await pack(rest[0], values.node).catch(({ message }) => {
    console.error(`gpu-check: ${message}`);
    process.exitCode = 1;
  });
} else if (command === 'run' && rest.length === 0) {
  const { run } = await import('./run.mjs');
  process.exitCode = await run(runOptions(values));
} else {
  fail(command === undefined ? 'a command is missing' : `'${positionals.join(' ')}' is no command`);
}
