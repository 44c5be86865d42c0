import { type Candidate, type CandidateName, type Entrant, isOurs, type Outputs, type Unable } from './candidate.ts';
import { unableFor } from './candidates/reason.ts';
import { isWhole, mistakeIn } from './correctness.ts';
import { calibrate } from './method/calibrate.ts';
import { interleave, type Samples } from './method/interleave.ts';
import { LEAST_TURNS, type Method, turnsOf } from './method/method.ts';
import { quartiles, ratioQuartiles } from './method/statistics.ts';
import { type Stopwatch, wallClock } from './method/stopwatch.ts';
import type { Outcome, WorkloadResult } from './results.ts';
import type { Workload } from './workload.ts';

/** Processor time of the process that computes, in milliseconds; null where a GPU computes. */
export type CpuClock = (() => number | Promise<number>) | null;

/** What is being done, and how long it may take: a candidate gets ready, or all are timed in rounds. */
export interface Stage {
  readonly at: CandidateName | 'the rounds';
  readonly atMostMs: number;
}

/** What a measurement needs of the process or page that it runs in. */
export interface Circumstances {
  readonly cpuClock: CpuClock;
  /** How often this process has been interrupted so far: given where an interrupted round is not to count. */
  readonly interruptions?: () => number;
  /** Is told of each stage before it begins. The stage waits for it: what comes next may never return. */
  readonly onStage?: (stage: Stage) => void | Promise<void>;
  /** Candidates that are left out, by name, and why. */
  readonly without?: Readonly<Record<string, string>>;
}

/** A candidate that has shown its result, and how it will be timed. */
interface Ready {
  readonly entrant: Entrant;
  readonly candidate: Candidate;
  readonly stopwatch: Stopwatch;
  readonly count: number;
  /** About how long one turn takes. */
  readonly turnMs: number;
  /** What is wrong with its result. */
  readonly mistake: string | null;
}

/** On a busy machine the rounds may take so many times as long as they should. */
const ROUNDS_MARGIN = 5;

/**
 * All entrants on one workload. Each result is checked before anything is timed.
 * @throws Error where a result of ours, or of a copy, is wrong. A peer whose result is wrong is timed, with its mistake.
 */
export async function measure(
  work: Workload,
  entrants: readonly [Entrant, ...Entrant[]],
  method: Method,
  circumstances: Circumstances,
): Promise<WorkloadResult> {
  const ready: Ready[] = [];
  const unable = new Map<Entrant, string>();
  try {
    for (const entrant of entrants) {
      const prepared = await prepare(work, entrant, method, circumstances);
      if ('unable' in prepared) unable.set(entrant, prepared.unable);
      else ready.push(prepared);
    }
    if (ready.length === 0) throw new Error(`nobody can do ${work.id}: ${[...unable.values()].join('; ')}`);
    const timed = await timeRounds(ready, method, circumstances);
    const { id, target, family, op, place, dtype, shape, threads, bytesMoved } = work;
    return {
      ...{ id, target, family, op, place, dtype, threads, bytesMoved },
      ...{ shape: shape.id, elements: shape.elements },
      rounds: timed.nanoseconds[0]!.length,
      ...(circumstances.interruptions && { attempts: timed.attempts }),
      cpuShare: timed.cpuShare,
      outcomes: entrants.map((entrant): Outcome => {
        const index = ready.findIndex((one) => one.entrant === entrant);
        if (index < 0) return { name: entrant.name, status: 'unable', reason: unable.get(entrant)! };
        return outcomeOf(work, ready[index]!, timed.nanoseconds[index]!, timed.nanoseconds[0]!);
      }),
    };
  } finally {
    for (const { candidate } of ready) await candidate.dispose();
  }
}

/** A candidate that has run, was checked and is calibrated; or why it cannot be timed. */
async function prepare(
  work: Workload,
  entrant: Entrant,
  method: Method,
  { onStage, without = {} }: Circumstances,
): Promise<Ready | Unable> {
  const reason = without[entrant.name];
  if (reason !== undefined) return { unable: reason };
  await onStage?.({ at: entrant.name, atMostMs: method.limitMs });
  const candidate = await entrant.create(work);
  if ('unable' in candidate) return candidate;
  let ready: Ready | Unable | undefined;
  try {
    ready = await checkAndCalibrate(work, entrant, candidate, method);
    return ready;
  } finally {
    if (ready === undefined || 'unable' in ready) await candidate.dispose();
  }
}

async function checkAndCalibrate(
  work: Workload,
  entrant: Entrant,
  candidate: Candidate,
  { leastMs, warmUpMs, longestMs, mostRuns }: Method,
): Promise<Ready | Unable> {
  const checked = await firstRun(work, entrant, candidate);
  if (checked.mistake !== null && (entrant.does === 'copy' || isOurs(entrant.name))) {
    throw new Error(`${entrant.name} at ${work.id}: ${checked.mistake}`);
  }
  if (!checked.whole) return { unable: checked.mistake };
  const stopwatch = candidate.stopwatch ?? wallClock(candidate.run);
  const ms = await stopwatch(1);
  if (ms > longestMs) {
    return { unable: `one run takes ${Math.round(ms)} ms: too long for ${LEAST_TURNS} rounds (${longestMs} ms)` };
  }
  const slow = ms > warmUpMs && ms > leastMs;
  return {
    ...{ entrant, candidate, stopwatch },
    count: slow ? 1 : await calibrate(stopwatch, { leastMs, warmUpMs, mostRuns }),
    turnMs: Math.max(ms, leastMs),
    mistake: checked.mistake,
  };
}

type Checked =
  | { readonly whole: true; readonly mistake: string | null }
  | { readonly whole: false; readonly mistake: string };

/** Whether the first run gave a result that can be compared, and what is wrong with it. */
async function firstRun(work: Workload, { does }: Entrant, candidate: Candidate): Promise<Checked> {
  try {
    candidate.enter?.();
    await candidate.run(1);
    const result = await candidate.result();
    const mistake = mistakeIn(result, does, work);
    if (mistake === null) return { whole: true, mistake };
    return { whole: does === 'norm' && isWhole(result as Outputs, work), mistake: `its result is wrong: ${mistake}` };
  } catch (error) {
    return { whole: false, mistake: unableFor(error).unable };
  }
}

/** @throws Error where the process was interrupted in every round, and interrupted rounds do not count */
async function timeRounds(
  ready: readonly Ready[],
  method: Method,
  { cpuClock, interruptions, onStage }: Circumstances,
): Promise<Samples & { readonly cpuShare: number | null }> {
  const { leastMs, limitMs, roundsMs } = method;
  // Every ratio needs a turn of the first candidate in the same round: no other has more turns than it.
  const rounds = turnsOf(ready[0]!.turnMs, method);
  const turns = ready.map(({ turnMs }) => turnsOf(turnMs, { ...method, rounds }));
  const expectedMs = ready.reduce((sum, { turnMs }, i) => sum + turns[i]! * turnMs, 0);
  const atMostMs = ROUNDS_MARGIN * Math.max(expectedMs, roundsMs ?? 0) + limitMs;
  await onStage?.({ at: 'the rounds', atMostMs });
  const before = { cpu: await cpuClock?.(), elapsed: performance.now() };
  const samples = await interleave(
    ready.map(({ candidate, stopwatch, count }, i) => ({ ...candidate, stopwatch, count, turns: turns[i]! })),
    { rounds, leastMs, interruptions, longestMs: roundsMs },
  );
  const cpu = await cpuClock?.();
  const cpuShare = cpu === undefined ? null : (cpu - before.cpu!) / (performance.now() - before.elapsed);
  if (samples.nanoseconds[0]!.length === 0) {
    throw new Error(
      `this process was interrupted in each of ${samples.attempts} rounds: measure where nothing else runs`,
    );
  }
  return { ...samples, cpuShare };
}

function outcomeOf(
  { bytesMoved }: Workload,
  { entrant, count, mistake }: Ready,
  samples: readonly (number | null)[],
  ours: readonly (number | null)[],
): Outcome {
  const taken = samples.filter((sample) => sample !== null);
  const nanoseconds = quartiles(taken);
  return {
    name: entrant.name,
    status: 'timed',
    count,
    turns: taken.length,
    mistake,
    nanoseconds,
    gigabytesPerSecond: bytesMoved / nanoseconds.median,
    ratio: ratioQuartiles(samples, ours),
  };
}
