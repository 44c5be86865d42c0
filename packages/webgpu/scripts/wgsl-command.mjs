// The shaders of a call as text. Planning is pure, so that no GPU is needed.
import { parseArgs } from 'node:util';
import { isRMSNormError, OPERATIONS, problemOf, resolveOptions } from '@rmsnorm/core';
import { plan } from '../dist/kernels/index.js';

const HELP = `pnpm wgsl OPERATION --shape SHAPE [options]: prints the shaders of a call, one dispatch after another

    pnpm wgsl forward --dtype float16 --shape 8x4096
    pnpm wgsl backward --shape 2x512x4x4 --axis 1 --groups 4 --no-subgroups

OPERATION      ${Object.keys(OPERATIONS).join(', ')}

the tensor
  --shape        lengths with an x between them: 8x4096
  --dtype        float32 (default), float16, bfloat16

the norm (defaults as of RMSNorm)
  --dim          lengths that are normalized together: 4096, 16x16; the one at --axis unless given
  --axis         where they stand; 1 unless given
  --groups, --eps, --eps-mode, --scale, --partial, --weight-offset, --casting
  --no-affine    without gamma
  --bias         with beta
  --norm-before-gate

the call
  --rstd         writes rstd; of backward, reads it
  --dsum         of backward
  --in-place     outputs lie in the memory of inputs, where they may
  --count        of scaleBy; the features of a row unless given
  --quant-scale  of forwardQuantized, a given scale

the device
  --subgroups    their size, or the least and the most: 32 (default), 8-32
  --no-subgroups
  --float16      how numbers become float16: pack (default: by pack2x16float), bits
  --shader-f16   by shader-f16
  --max-binding  bytes of the largest binding; 134217728 unless given: larger tensors take several dispatches

  --dispatch N   print only dispatch N
  --help`;

const STRING = { type: 'string' };
const FLAG = { type: 'boolean' };
const OPTIONS = {
  ...{ shape: STRING, dtype: STRING },
  ...{ dim: STRING, axis: STRING, groups: STRING, eps: STRING, 'eps-mode': STRING, scale: STRING, partial: STRING },
  ...{ 'weight-offset': STRING, casting: STRING, 'no-affine': FLAG, bias: FLAG, 'norm-before-gate': FLAG },
  ...{ rstd: FLAG, dsum: FLAG, 'in-place': FLAG, count: STRING, 'quant-scale': STRING },
  ...{ subgroups: STRING, 'no-subgroups': FLAG, float16: STRING, 'shader-f16': FLAG, 'max-binding': STRING },
  dispatch: STRING,
  help: { type: 'boolean', short: 'h' },
};

/** A mistake of the user's. */
class UsageError extends Error {}

/** A way of writing numbers as in 8x4096. */
function lengths(option, text) {
  if (!/^\d+(x\d+)*$/.test(text)) {
    throw new UsageError(`--${option} is lengths with an x between them, such as 8x4096; got '${text}'`);
  }
  return text.split('x').map(Number);
}

function number(values, option) {
  const text = values[option];
  if (text === undefined) return undefined;
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isNaN(value)) throw new UsageError(`--${option} is a number; got '${text}'`);
  return value;
}

function oneOf(values, option, choices) {
  const value = values[option];
  if (value === undefined || choices.includes(value)) return value ?? choices[0];
  throw new UsageError(`--${option} is ${choices.join(', or ')}; got '${value}'`);
}

/** The problem as core lays it out, and whether there are gamma and beta. */
function problemFrom(op, values) {
  if (values.shape === undefined) throw new UsageError('--shape is missing: the shape of x, such as --shape 8x4096');
  const shape = lengths('shape', values.shape);
  const axis = number(values, 'axis');
  const dim = values.dim === undefined ? shape.at(axis ?? 1) : lengths('dim', values.dim);
  if (dim === undefined)
    throw new UsageError(`--shape ${values.shape} has no axis ${axis ?? 1}: give --axis, such as --axis -1`);
  const options = resolveOptions({
    ...{ dim, axis, groups: number(values, 'groups'), eps: number(values, 'eps'), epsMode: values['eps-mode'] },
    ...{ scale: number(values, 'scale'), partial: number(values, 'partial'), casting: values.casting },
    ...{ weightOffset: number(values, 'weight-offset'), affine: !values['no-affine'], bias: values.bias },
    normBeforeGate: values['norm-before-gate'],
  });
  const { affine, bias, normBeforeGate, size, statSize } = options;
  if (statSize < size && (op === 'sumSquares' || op === 'scaleBy')) throw new UsageError(`${op} needs --partial 1`);
  const told = {
    normBeforeGate,
    count: number(values, 'count') ?? size,
    scale: number(values, 'quant-scale') ?? null,
  };
  const dtype = oneOf(values, 'dtype', ['float32', 'float16', 'bfloat16']);
  const more = Object.fromEntries(OPERATIONS[op].values.map((name) => [name, told[name]]));
  return { problem: { ...problemOf(options, shape, dtype), ...more }, gamma: affine, beta: bias };
}

/** Which buffers there are, and which outputs lie in the memory of an input. */
function operandsFrom(op, values, { gamma, beta }) {
  const given = { rstd: values.rstd === true, dsum: values.dsum === true };
  const { operands } = OPERATIONS[op];
  for (const name of Object.keys(given)) {
    if (given[name] && !operands.some((operand) => operand.name === name)) {
      throw new UsageError(`${op} has no ${name}: leave out --${name}`);
    }
  }
  const here = { always: () => true, gamma: () => gamma, beta: () => beta, given: (name) => given[name] };
  const present = operands.filter(({ name, present }) => here[present](name));
  const inPlace = {};
  if (values['in-place']) {
    for (const { name, mayBe } of present) {
      const input = mayBe.find((one) => !Object.values(inPlace).includes(one));
      if (input) inPlace[name] = input;
    }
    if (Object.keys(inPlace).length === 0)
      throw new UsageError(`no output of ${op} may lie in an input: leave out --in-place`);
  }
  return { present: new Set(present.map(({ name }) => name)), inPlace, writable: new Set() };
}

function capabilitiesFrom(values) {
  const sizes = (values.subgroups ?? '32').split('-').map(Number);
  const [least, most = least] = sizes;
  if (![least, most].every((size) => [4, 8, 16, 32, 64, 128].includes(size)) || most < least || sizes.length > 2) {
    throw new UsageError(
      `--subgroups is a power of two from 4 to 128, or two of them such as 8-32; got '${values.subgroups}'`,
    );
  }
  const maxStorageBufferBindingSize = number(values, 'max-binding') ?? 2 ** 27;
  const float16 = oneOf(values, 'float16', ['pack', 'bits']);
  return {
    subgroups: values['no-subgroups'] ? null : { least, most },
    toFloat16: values['shader-f16'] ? 'f16' : float16,
    // Else what every device of WebGPU has.
    limits: {
      maxComputeWorkgroupsPerDimension: 65_535,
      maxComputeInvocationsPerWorkgroup: 256,
      maxComputeWorkgroupSizeX: 256,
      maxComputeWorkgroupStorageSize: 16_384,
      maxStorageBufferBindingSize,
      maxStorageBuffersPerShaderStage: 8,
      minStorageBufferOffsetAlignment: 256,
    },
  };
}

/** How to read what is printed. */
const LEGEND = `// The key of a shader is kernel:choices:buffers, with a ! for each buffer that is written; after > stands where outputs lie.
// A team in it is its kind, width x teams in a workgroup / subgroup size or stride (0: neither). After it N or Nfull: steps of each
// member, full where all lie in the tile.
// Functions that the shader does not call, such as rounded, are printed too: the compiler leaves them out.
`;

/** A dispatch with a heading that says what runs, on which buffers, and in which grid. */
function textOf({ shader, bindings, uniforms, workgroups }, index, count) {
  const buffers = bindings.map(({ buffer, access, offset = 0, size }, binding) => {
    const part = size === undefined ? '' : `, ${size} bytes from ${offset} on`;
    return `//   ${binding} ${buffer} (${access}${part})`;
  });
  if (uniforms) buffers.push(`//   ${bindings.length} params (uniform, ${uniforms.byteLength} bytes)`);
  return [
    `// Dispatch ${index + 1} of ${count}: ${shader.key}`,
    '// Bindings:',
    ...buffers,
    `// Grid: ${workgroups.join(' x ')} workgroups`,
    '',
    shader.code(),
  ].join('\n');
}

function textOfCall(args) {
  // `--axis -1`: parseArgs would take the number for an option.
  const joined = args
    .join('\n')
    .replace(/^(--[a-z-]+)\n(?=-\d)/gm, '$1=')
    .split('\n');
  const { values, positionals } = parseArgs({ args: joined, options: OPTIONS, allowPositionals: true });
  if (values.help) return HELP;
  const [op, ...rest] = positionals;
  if (!Object.hasOwn(plan, op ?? '')) {
    const found = op === undefined ? 'the operation is missing' : `there is no operation '${op}'`;
    throw new UsageError(`${found}: it is one of ${Object.keys(plan).join(', ')}`);
  }
  if (rest.length > 0) throw new UsageError(`what is '${rest[0]}'? Only the operation has no -- before it`);
  const capabilities = capabilitiesFrom(values);
  const { problem, ...weights } = problemFrom(op, values);
  const operands = operandsFrom(op, values, weights);
  const { dispatches, scratch } = plan[op](problem, operands, capabilities);
  const only = number(values, 'dispatch');
  if (only !== undefined && dispatches[only - 1] === undefined) {
    const { length } = dispatches;
    throw new UsageError(
      `--dispatch is a number from 1 to ${length}: the call has ${length === 1 ? '1 dispatch' : `${length} dispatches`}; got '${values.dispatch}'`,
    );
  }
  const between = scratch.map(({ name, bytes }) => `// Between dispatches: ${name}, ${bytes} bytes\n`);
  const texts = dispatches.map((dispatch, i) => textOf(dispatch, i, dispatches.length));
  return LEGEND + (only === undefined ? [...between, ...texts].join('\n') : texts[only - 1]);
}

/**
 * What the command prints to stdout or stderr, and its exit code.
 *
 * @param {readonly string[]} args of the command line
 */
export function wgslCommand(args) {
  try {
    return { stdout: `${textOfCall(args).trimEnd()}\n`, stderr: '', code: 0 };
  } catch (error) {
    const ours = error instanceof UsageError || isRMSNormError(error) || error?.code?.startsWith('ERR_PARSE_ARGS');
    if (!ours) throw error;
    // Node's own messages have a second sentence, on arguments that begin with a dash.
    const [message] = error.message.split(/\. |\n/);
    return { stdout: '', stderr: `wgsl: ${message} (pnpm wgsl --help lists all options)\n`, code: 2 };
  }
}
