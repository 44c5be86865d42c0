import type { Shader } from '../../plan.ts';
import type { Residence } from '../forward/resident-shader.ts';
import { type Layout, layoutKey, putting } from '../planning/layout.ts';
import { BUILTINS, WORKGROUP_INDEX } from '../planning/slabs.ts';
import { enables, type Team, teamKey, workgroupSize } from '../planning/team.ts';
import type { Problem } from '../problem.ts';
import { type Access, type Declared, LANES } from '../wgsl/access.ts';
import { compensated } from '../wgsl/compensated.ts';
import { elementwise, FORWARD, source, type Weights, weighting, weightsKey } from '../wgsl/fusion.ts';
import { declared, eachStep, type Held, summed } from '../wgsl/resident-steps.ts';
import { opening } from '../wgsl/row-shader.ts';
import { statistics } from '../wgsl/statistic.ts';
import { rescaling, sumOfSquares } from '../wgsl/sums.ts';
import { lines } from '../wgsl/template.ts';

/** Rows that are held from the statistic over the largest |y| to q: x is read once. */
export interface QuantizedKernel {
  readonly p: Problem;
  readonly layout: Layout;
  readonly residence: Residence;
  readonly weights: Weights;
  /** Whether the scale is given. */
  readonly given: boolean;
  readonly buffers: readonly Declared[];
}

/** How q lies: words, or, where rows share these, words whose bytes are set one by one. */
export function quantizedType({ access }: Layout): string {
  return access === 'quad' ? 'array<u32>' : 'array<atomic<u32>>';
}

export function quantizedShader(kernel: QuantizedKernel): Shader {
  const { p, layout, residence, weights, given, buffers } = kernel;
  const { team, steps, full } = residence;
  const names = buffers.map(({ name, write }) => (write ? `${name}!` : name)).join(' ');
  return {
    key: `quantized:${p.dtype},${layoutKey(layout)},${teamKey(team)},${steps}${full ? 'full' : ''},${weightsKey(weights)},${given}:${names}`,
    code: () => code(kernel),
  };
}

function code({ p, layout, residence, weights, given, buffers }: QuantizedKernel): string {
  const { access } = layout;
  const { team, steps, full } = residence;
  const { width } = team;
  const held: Held = { width, steps, certain: full ? steps : Math.floor(steps / 2), registers: residence.registers };
  const ragged = access === 'ragged' || access === 'loose';
  return lines(
    quantizedRows({ p, layout, team, weights, buffers }),
    compensated(),
    `
@compute @workgroup_size(${workgroupSize(team)})
fn main(${BUILTINS}) {
  local = index;
  let unit = team(${WORKGROUP_INDEX});
  ${team.kind === 'workgroup' ? 'if (unit >= units()) { return; }' : ''}
  let row = row_of(min(unit, units() - 1u));
  let ours = unit < units();`,
    declared(held, 'x', 'V'),
    eachStep(held, ({ of }) => `${of('x')} = source(place(row, j));`),
    summed(held, 'squares', ({ of }, block) => `let c = counted(row, j, ${of('x')}); ${block} = fma(c, c, ${block});`),
    `
  let sum = team_sum(sum_of(squares));
  var s = Statistic(plain_r(sum), SI());
  var special = false;
  if (team_any(!is_plain(sum))) {
    s = rescaled(row, sum).statistic;
    special = true;
  }
  var top = SU();`,
    eachStep(held, ({ of }) =>
      lines(
        `var v = ${of('x')} * s.r;`,
        `if (special) { v = product(${of('x')}, s); }`,
        `v = weighted(place(row, j), v); ${of('x')} = v;`,
        !given &&
          `top = max(top, max_of(bitcast<U>(${ragged ? 'select(V(), v, FIRST_FOUR < vec4u(place(row, j).n))' : 'v'}) & U(MAGNITUDE)));`,
      ),
    ),
    given ? '  let scale = S(p.quant_scale);' : `  top = team_max(top);\n  let scale = ${scaleOf('top')};`,
    `
  if (!ours) { return; }
  if (lane() == 0u) { put_scales(row, scale); }`,
    eachStep(held, ({ of }) => `put_bytes(place(row, j), quantized(${of('x')}, V(scale)));`),
    '}',
  );
}

/** The scale of rows whose largest |y| has these bits. */
export function scaleOf(top: string): string {
  return `select(bitcast<S>(${top}) * ${1 / 127}, S(1.0), ${top} == SU())`;
}

/** What the kernels of whole rows begin with: a row is read, its squares are summed, y is weighted and quantized. */
export function quantizedRows(kernel: {
  readonly p: Problem;
  readonly layout: Layout;
  readonly team: Team;
  readonly weights: Weights;
  readonly buffers: readonly Declared[];
}): string {
  const { p, layout, team, weights, buffers } = kernel;
  const { access, along } = layout;
  return lines(
    enables(p, team),
    opening(layout, team, buffers),
    elementwise(FORWARD, p, access),
    source(FORWARD, p, access),
    'fn source_for_sum(at: At) -> V { return source(at); }',
    statistics({ product: true }),
    sumOfSquares(team.width),
    rescaling(team.width, false),
    weighting(weights, along, access),
    quantizing(layout),
  );
}

/** `put_scales(row, scale)`, `quantized(y, step)`, `put_bytes(at, bytes)`. */
export function quantizing(layout: Layout): string {
  return lines(putting('scales', layout), QUANTIZED, putBytes(layout.access));
}

/** `quantized(y, step)`: the bytes of clamp(roundHalfEven(y / step), -127, 127); 0 of a NaN. */
const QUANTIZED = `
fn quantized(y: V, step: V) -> U {
  // Division may err by 2.5 ulp: what is left over is divided once more.
  let quotient = y / step;
  let exact = quotient + fma(-quotient, step, y) / step;
  let finite = (bitcast<U>(exact) & U(0x7fffffffu)) < U(0x7f800000u);
  let nearest = round(clamp(select(quotient, exact, finite), V(-127.0), V(127.0)));
  let nan = (bitcast<U>(quotient) & U(0x7fffffffu)) > U(0x7f800000u);
  return bitcast<U>(I(select(nearest, V(), nan))) & U(255u);
}`;

/** `put_bytes(at, bytes)`: the neighbours' bytes of a word that is shared are as they were. */
function putBytes(access: Access): string {
  const word = {
    1: 'bytes',
    2: 'bytes.x | (bytes.y << 8u)',
    4: 'bytes.x | (bytes.y << 8u) | (bytes.z << 16u) | (bytes.w << 24u)',
  }[LANES[access]];
  if (access === 'quad') return `fn put_bytes(at: At, bytes: U) { q[at.i >> 2u] = ${word}; }`;
  return `
fn put_part(word: u32, mask: u32, bits: u32) {
  atomicAnd(&q[word], ~mask);
  atomicOr(&q[word], bits & mask);
}

fn put_bytes(at: At, bytes: U) {
  let word = ${word};
  let mask = 0xffffffffu >> (8u * (4u - min(at.n, ${LANES[access]}u)));
  let shift = 8u * (at.i & 3u);
  put_part(at.i >> 2u, mask << shift, word << shift);
  if (shift > 0u && (mask >> (32u - shift)) != 0u) {
    put_part((at.i >> 2u) + 1u, mask >> (32u - shift), word >> (32u - shift));
  }
}`;
}
