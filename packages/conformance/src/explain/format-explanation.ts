import { show, showIndex } from '../expected/messages.ts';
import { plainText } from '../report/plain-text.ts';
import { callCode, driverCode } from './call-code.ts';
import type { Compared, Explanation } from './explain.ts';
import type { RecordedCall, RecordedOperand } from './recording.ts';

const CALLS = 3;
const COMPARED = 4;
const NUMBERS = 8;
const ROWS = 4;

/** An explanation for people: a sample of all numbers. `--json` of the command has them all. */
export function formatExplanation(explanation: Explanation): string {
  const { backend, device, seed, result, promises, calls, moreCalls, withoutCalls } = explanation;
  const all = calls.length + moreCalls;
  const blocks = [
    [`${result.id}, ${backend} (${device}), seed ${seed}: ${result.status}`],
    indented(result.message === undefined ? [] : result.message.split('\n')),
    section('What the contract promises', promises),
    withoutCalls === null
      ? section(
          `What the driver was asked to do${all > CALLS ? `, the first ${CALLS} of ${all} calls` : ''}`,
          calls.slice(0, CALLS).flatMap(linesOfCall),
        )
      : section('What the driver was asked to do', [`not known: ${withoutCalls}`]),
    section('Expected and got', lastOf(explanation.compared).flatMap(linesOfCompared)),
  ];
  return plainText(
    blocks
      .filter((lines) => lines.length > 0)
      .map((lines) => lines.join('\n'))
      .join('\n\n'),
  );
}

/** All numbers of an explanation; those that JSON does not have as strings, `"NaN"`. */
export function explanationJson(explanation: Explanation): string {
  return JSON.stringify(
    explanation,
    (_, value: unknown) => {
      if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
      if (Object.is(value, -0)) return '-0';
      return ArrayBuffer.isView(value) ? Array.from(value as unknown as ArrayLike<number>) : value;
    },
    1,
  );
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length > 0 ? [title, ...indented(lines)] : [];
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

function linesOfCall(call: RecordedCall): string[] {
  return [callCode(call), ...indented([driverCode(call), ...call.operands.map(lineOfOperand)])];
}

function lineOfOperand({ name, role, dtype, shape, is, values }: RecordedOperand): string {
  const head = `${name.padEnd(8)} ${role.padEnd(6)} ${dtype.padEnd(8)} [${shape.join(', ')}]`;
  return `${head}${is === undefined ? '' : ` (the memory of ${is})`}: ${values ? sample(values) : 'not read'}`;
}

function sample(values: ArrayLike<number>): string {
  const first = Array.from({ length: Math.min(values.length, NUMBERS) }, (_, i) => show(values[i]!)).join(', ');
  return values.length > NUMBERS ? `${first}, ... (${values.length})` : first;
}

/** A case that fails does so at its last comparison. */
function lastOf(compared: readonly Compared[]): readonly Compared[] {
  return compared.slice(-COMPARED);
}

function linesOfCompared({ what, shape, bound, got, expected }: Compared): string[] {
  const places = placesOf(got, expected);
  const lines = places.map((flat) => {
    const wanted = expected[flat];
    const text = wanted === null || wanted === undefined ? 'anything' : show(wanted);
    return `${showIndex(flat, shape).padEnd(18)} expected ${text.padEnd(20)} got ${show(got[flat]!)}`;
  });
  const title = `${what}, [${shape.join(', ')}], ${got.length} elements, bound ${bound}`;
  return [title, ...indented(lines)];
}

/** The first elements, and those that are farthest off. */
function placesOf(got: readonly number[], expected: readonly (number | null)[]): number[] {
  const off = got
    .map((value, flat) => ({ flat, distance: distanceOf(value, expected[flat] ?? null) }))
    .filter(({ distance }) => distance > 0)
    .sort((a, b) => b.distance - a.distance)
    .slice(0, ROWS)
    .map(({ flat }) => flat);
  const first = got.slice(0, ROWS).map((_, flat) => flat);
  return [...new Set([...first, ...off])].sort((a, b) => a - b);
}

function distanceOf(got: number, expected: number | null): number {
  if (expected === null || Object.is(got, expected)) return 0;
  if (Number.isNaN(got) || Number.isNaN(expected)) return Number.POSITIVE_INFINITY;
  return Math.abs(got - expected);
}
