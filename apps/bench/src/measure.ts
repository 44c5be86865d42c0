import { type Candidate, type CandidateName, type Entrant, isOurs, type Unable } from './candidate.ts';
import { unableFor } from './candidates/reason.ts';
import { mistakeIn } from './correctness.ts';
import { calibrate, elapsed } from './method/calibrate.ts';
import { interleave } from './method/interleave.ts';
import type { Method } from './method/method.ts';
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
}

/** On a busy machine the rounds may take so many times as long as they should. */
const ROUNDS_MARGIN = 5;

/**
 * All entrants on one workload. Each result is checked before anything is timed.
 * @throws Error where a result of ours, or a copy, is wrong; a peer whose result is wrong is named and not timed
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
      running.push({ entrant, candidate, count: 0, turnMs: 0 });
      const ready = await prepare(work, entrant, candidate, method);
      if (!('unable' in ready)) {
        Object.assign(running.at(-1)!, ready);
        continue;
      }
      unable.set(entrant, ready.unable);
      running.pop();
      await candidate.dispose();
    }
    const expectedMs = method.rounds * running.reduce((sum, { turnMs }) => sum + turnMs, 0);
    await onStage?.({ at: 'the rounds', atMostMs: ROUNDS_MARGIN * expectedMs + method.limitMs });
    const before = { cpu: await cpuClock?.(), wall: performance.now() };
    const samples = await interleave(
      running.map(({ candidate, count }) => ({ ...candidate, count })),
      method.rounds,
    );
    const cpu = await cpuClock?.();
    const cpuShare = cpu === undefined ? null : (cpu - before.cpu!) / (performance.now() - before.wall);
    const first = samples[0];
    if (first === undefined) throw new Error(`nobody can do ${work.id}: ${[...unable.values()].join('; ')}`);

    const outcomes = entrants.map((entrant): Outcome => {
      const index = running.findIndex((entry) => entry.entrant === entrant);
      if (index < 0) return { name: entrant.name, status: 'unable', reason: unable.get(entrant)! };
      const nanoseconds = quartiles(samples[index]!);
      return {
        name: entrant.name,
        status: 'timed',
        count: running[index]!.count,
        nanoseconds,
        gigabytesPerSecond: work.bytesMoved / nanoseconds.median,
        ratio: ratioQuartiles(samples[index]!, first),
      };
    });
    const { id, target, family, op, place, dtype, shape, threads, bytesMoved } = work;
    return { id, target, family, op, place, dtype, shape: shape.id, threads, bytesMoved, cpuShare, outcomes };
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
): Promise<Pick<Running, 'count' | 'turnMs'> | Unable> {
  const mistake = await firstMistake(work, entrant, candidate);
  if (mistake !== null) {
    if (entrant.does === 'copy' || isOurs(entrant.name)) {
      throw new Error(`${entrant.name} at ${work.id}: ${mistake}`);
    }
    return { unable: mistake };
  }
  const ms = await elapsed(candidate.run, 1);
  if (ms > longestMs)
    return { unable: `one run takes ${Math.round(ms)} ms: too long for the rounds (${longestMs} ms)` };
  return { count: await calibrate(candidate.run, leastMs, warmUpMs), turnMs: Math.max(ms, leastMs) };
}

/** What is wrong with its first run; null where nothing is. */
async function firstMistake(work: Workload, { does }: Entrant, candidate: Candidate): Promise<string | null> {
  try {
    candidate.enter?.();
    await candidate.run(1);
    const mistake = mistakeIn(await candidate.result(), does, work);
    return mistake === null ? null : `its result is wrong: ${mistake}`;
  } catch (error) {
    return unableFor(error).unable;
  }
}
