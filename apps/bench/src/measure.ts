import { type Candidate, type CandidateName, type Entrant, isOurs, type Outputs, type Unable } from './candidate.ts';
import { unableFor } from './candidates/reason.ts';
import { isWhole, mistakeIn } from './correctness.ts';
import { calibrate, elapsed } from './method/calibrate.ts';
import { interleave } from './method/interleave.ts';
import { LEAST_TURNS, type Method, turnsOf } from './method/method.ts';
import { quartiles, ratioQuartiles } from './method/statistics.ts';
import type { Outcome, WorkloadResult } from './results.ts';
import type { Workload } from './workload.ts';

/** Processor time of the process that computes, in milliseconds; null where others compute for it. */
export type CpuClock = (() => number | Promise<number>) | null;

/** What measuring is at, and for how long it may be: a candidate that gets ready, or the rounds of all. */
export interface Stage {
  readonly at: CandidateName | 'the rounds';
  readonly atMostMs: number;
}

export interface Circumstances {
  readonly cpuClock: CpuClock;
  /** Is told of each stage before it begins, and waited for: what comes next may never come back. */
  readonly onStage?: (stage: Stage) => void | Promise<void>;
  /** Who is left out, and why. */
  readonly without?: Readonly<Record<string, string>>;
}

interface Running {
  readonly entrant: Entrant;
  readonly candidate: Candidate;
  count: number;
  /** Of one turn in a round, about. */
  turnMs: number;
  /** What is wrong with its result. */
  mistake: string | null;
}

/** On a busy machine the rounds may take so many times as long as they should. */
const ROUNDS_MARGIN = 5;

/**
 * All entrants on one workload. Each result is checked before anything is timed.
 * @throws Error where a result of ours, or a copy, is wrong; a peer's is timed, and said to be wrong
 */
export async function measure(
  work: Workload,
  entrants: readonly [Entrant, ...Entrant[]],
  method: Method,
  { cpuClock, onStage, without = {} }: Circumstances,
): Promise<WorkloadResult> {
  const running: Running[] = [];
  const unable = new Map<Entrant, string>();
  try {
    for (const entrant of entrants) {
      const reason = without[entrant.name];
      if (reason !== undefined) {
        unable.set(entrant, reason);
        continue;
      }
      await onStage?.({ at: entrant.name, atMostMs: method.limitMs });
      const candidate = await entrant.create(work);
      if ('unable' in candidate) {
        unable.set(entrant, candidate.unable);
        continue;
      }
      running.push({ entrant, candidate, count: 0, turnMs: 0, mistake: null });
      const ready = await prepare(work, entrant, candidate, method);
      if (!('unable' in ready)) {
        Object.assign(running.at(-1)!, ready);
        continue;
      }
      unable.set(entrant, ready.unable);
      running.pop();
      await candidate.dispose();
    }
    const [leader] = running;
    if (leader === undefined) throw new Error(`nobody can do ${work.id}: ${[...unable.values()].join('; ')}`);
    // Every ratio needs a turn of the first in the same round: nobody has more than it.
    const rounds = turnsOf(leader.turnMs, method);
    const turns = running.map(({ turnMs }) => turnsOf(turnMs, { ...method, rounds }));
    const expectedMs = running.reduce((sum, { turnMs }, i) => sum + turns[i]! * turnMs, 0);
    await onStage?.({ at: 'the rounds', atMostMs: ROUNDS_MARGIN * expectedMs + method.limitMs });
    const before = { cpu: await cpuClock?.(), wall: performance.now() };
    const samples = await interleave(
      running.map(({ candidate, count }, i) => ({ ...candidate, count, turns: turns[i]! })),
      { rounds, leastMs: method.leastMs },
    );
    const cpu = await cpuClock?.();
    const cpuShare = cpu === undefined ? null : (cpu - before.cpu!) / (performance.now() - before.wall);

    const outcomes = entrants.map((entrant): Outcome => {
      const index = running.findIndex((entry) => entry.entrant === entrant);
      if (index < 0) return { name: entrant.name, status: 'unable', reason: unable.get(entrant)! };
      const { count, mistake } = running[index]!;
      const nanoseconds = quartiles(samples[index]!.filter((sample) => sample !== null));
      return {
        name: entrant.name,
        status: 'timed',
        count,
        turns: turns[index]!,
        mistake,
        nanoseconds,
        gigabytesPerSecond: work.bytesMoved / nanoseconds.median,
        ratio: ratioQuartiles(samples[index]!, samples[0]!),
      };
    });
    const { id, target, family, op, place, dtype, shape, threads, bytesMoved } = work;
    return { id, target, family, op, place, dtype, shape: shape.id, threads, bytesMoved, rounds, cpuShare, outcomes };
  } finally {
    for (const { candidate } of running) await candidate.dispose();
  }
}

/** Runs a candidate, checks it, and finds how many runs a turn has; or why it has none. */
async function prepare(
  work: Workload,
  entrant: Entrant,
  candidate: Candidate,
  { leastMs, warmUpMs, longestMs }: Method,
): Promise<Pick<Running, 'count' | 'turnMs' | 'mistake'> | Unable> {
  const checked = await firstRun(work, entrant, candidate);
  if (checked.mistake !== null && (entrant.does === 'copy' || isOurs(entrant.name))) {
    throw new Error(`${entrant.name} at ${work.id}: ${checked.mistake}`);
  }
  if (!checked.whole) return { unable: checked.mistake };
  const ms = await elapsed(candidate.run, 1);
  if (ms > longestMs) {
    return { unable: `one run takes ${Math.round(ms)} ms: too long for ${LEAST_TURNS} rounds (${longestMs} ms)` };
  }
  const slow = ms > warmUpMs && ms > leastMs;
  return {
    count: slow ? 1 : await calibrate(candidate.run, leastMs, warmUpMs),
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
