import type { FloatDType } from '@rmsnorm/core';
import { showShape } from '../case/case-id.ts';
import type { Depth } from '../case/depth.ts';
import type { PlannedCall } from '../case/planned-call.ts';
import { type Assignment, coveringArray } from './covering-array.ts';
import { placeOf } from './place.ts';
import { plannedCall } from './planned-call.ts';
import { reasonAgainst } from './rules.ts';
import { sizesOf } from './size-classes.ts';
import { OPTION_FACTORS, type OptionFactor, optionFactorsOf, type PlanSubject, SUBJECTS } from './subjects.ts';

/** A call of the plan, and from which depth on it is made. */
export interface PlanEntry {
  readonly id: string;
  readonly depth: Depth;
  readonly call: PlannedCall;
  /** The row of the table that it was made from. */
  readonly row: Assignment;
}

/** How many of a subject's first calls a quick run makes: the first cover most. */
const QUICK_CALLS = 24;
const QUICK_SIZE = 4097;

/** Sets of factors of which a thorough run has every combination. */
const THOROUGH: readonly (readonly string[])[] = [
  ['dtype', 'layout', 'size'],
  ['layout', 'size', 'rows'],
  ['layout', 'size', 'place'],
  ['dtype', 'rows', 'place'],
  ['layout', 'size', 'asked'],
];

const made = new Map<PlanSubject, { readonly listed: readonly PlanEntry[]; deeper?: readonly PlanEntry[] }>();

/** The calls of the plan, made from the table at their first use: the same each time. */
export function planEntries(depth: Depth): readonly PlanEntry[] {
  return SUBJECTS.flatMap((subject) => {
    const known = made.get(subject) ?? { listed: entriesOf(subject, rowsOf(subject, listedSets(subject), []), 0) };
    made.set(subject, known);
    if (depth !== 'thorough') return known.listed;
    known.deeper ??= deeperEntries(subject, known.listed);
    return [...known.listed, ...known.deeper];
  });
}

/** Of every pair of factors, and of every three options with each dtype, all combinations. */
function listedSets(subject: PlanSubject): readonly (readonly string[])[] {
  return [...pairsOf(subject), ...triplesOf(subject)];
}

function deeperEntries(subject: PlanSubject, listed: readonly PlanEntry[]): PlanEntry[] {
  const has = (name: string): boolean => subject.factors.some((factor) => factor.name === name);
  const sets = THOROUGH.filter((names) => names.every(has));
  const rows = rowsOf(
    subject,
    sets,
    listed.map(({ row }) => row),
  );
  return entriesOf(subject, rows, listed.length).map((entry) => ({ ...entry, depth: 'thorough' }));
}

function entriesOf(subject: PlanSubject, rows: readonly Assignment[], before: number): PlanEntry[] {
  const turns = new Map<string, number>();
  return rows.map((row, index): PlanEntry => {
    const turn = turns.get(row.size!) ?? 0;
    turns.set(row.size!, turn + 1);
    const sizes = sizesOf(row.size!);
    const size = sizes[turn % sizes.length]!;
    const spoiled = spoiledOperand(subject, row, before + index);
    const call = plannedCall(subject, row, { size, spoiled });
    const quick = index < QUICK_CALLS && size <= QUICK_SIZE;
    return { id: idOf(subject, row, call, spoiled), depth: quick ? 'quick' : 'default', call, row };
  });
}

function rowsOf(
  { name, factors }: PlanSubject,
  together: readonly (readonly string[])[],
  given: readonly Assignment[],
): readonly Assignment[] {
  const allowed = (a: string, x: string, b: string, y: string): boolean =>
    reasonAgainst(name, a, x, b, y) === undefined;
  return coveringArray({ factors, together, allowed, given });
}

/** Every pair of factors. */
function pairsOf({ factors }: PlanSubject): string[][] {
  return factors.flatMap(({ name }, i) => factors.slice(i + 1).map((other) => [name, other.name]));
}

/** Every three options, with each dtype. */
function triplesOf(subject: PlanSubject): string[][] {
  const names = optionFactorsOf(subject);
  return names.flatMap((a, i) =>
    names.slice(i + 1).flatMap((b, j) => names.slice(i + j + 2).map((c) => ['dtype', a, b, c])),
  );
}

/** The operand that is to have the NaN or the infinity: another in each row, and one that is a tensor of its own. */
function spoiledOperand({ operands }: PlanSubject, row: Assignment, index: number): string {
  const { twinOf } = placeOf(row.place!);
  const own = operands.filter((name) => twinOf[name] === undefined && (name !== 'dsum' || row.dsum === 'given'));
  return own[index % own.length]!;
}

function idOf({ name, op }: PlanSubject, row: Assignment, { spec }: PlannedCall, spoiled: string): string {
  const options = Object.entries(OPTION_FACTORS).flatMap(([factor, [usual]]) => {
    const value = row[factor as OptionFactor];
    return value === undefined || value === usual ? [] : [shownOption(factor, value)];
  });
  const isSpoiled = row.rows === 'nan' || row.rows === 'infinity';
  const parameters = [
    ...(name === op ? [] : [`way=${name}`]),
    `dtype=${spec.dtype as FloatDType}`,
    `layout=${row.layout}`,
    `shape=${showShape(spec.shape)}`,
    `rows=${row.rows}${isSpoiled ? `-in-${spoiled}` : ''}`,
    ...(options.length > 0 ? [`options=${options.join('+')}`] : []),
    `place=${row.place!.replaceAll(', ', '+').replaceAll(' ', '-')}`,
    ...(row.asked === 'rstd' ? ['asked=rstd'] : []),
  ];
  return `${op}/plan:${parameters.join(',')}`;
}

function shownOption(factor: string, value: string): string {
  switch (factor) {
    case 'denominator':
      return value.replace(',', '-');
    case 'casting':
    case 'order':
      return value;
    default:
      return `${factor}-${value}`;
  }
}
