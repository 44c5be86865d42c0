import type { Candidate, Entrant } from './candidate.ts';
import { mistakeIn } from './correctness.ts';
import { calibrate } from './method/calibrate.ts';
import { interleave } from './method/interleave.ts';
import { quartiles, ratioQuartiles } from './method/statistics.ts';
import type { Outcome, WorkloadResult } from './results.ts';
import type { Workload } from './workload.ts';

export interface Method {
  readonly rounds: number;
  /** Least time of one candidate's turn in a round. */
  readonly leastMs: number;
  /** Least time that a candidate runs before its first round. */
  readonly warmUpMs: number;
}

export const FULL: Method = { rounds: 41, leastMs: 1, warmUpMs: 200 };
export const QUICK: Method = { rounds: 7, leastMs: 0.5, warmUpMs: 20 };

/**
 * All entrants on one workload. Each result is checked before anything is timed.
 * @throws Error where a candidate's result is wrong: its time would mean nothing
 */
export async function measure(
  work: Workload,
  entrants: readonly [Entrant, ...Entrant[]],
  method: Method,
): Promise<WorkloadResult> {
  const running: { entrant: Entrant; candidate: Candidate; count: number }[] = [];
  const unable = new Map<Entrant, string>();
  try {
    for (const entrant of entrants) {
      const candidate = await entrant.create(work);
      if ('unable' in candidate) {
        unable.set(entrant, candidate.unable);
        continue;
      }
      const entry = { entrant, candidate, count: 0 };
      running.push(entry);
      await candidate.run(1);
      const mistake = mistakeIn(await candidate.result(), entrant.does, work);
      if (mistake !== null) throw new Error(`${entrant.name} is wrong at ${work.id}: ${mistake}`);
      entry.count = await calibrate(candidate.run, method.leastMs, method.warmUpMs);
    }
    const timed = running.map(({ candidate, count }) => ({ run: candidate.run, count }));
    const started = { cpu: process.cpuUsage(), wall: performance.now() };
    const samples = await interleave(timed, method.rounds);
    const { user, system } = process.cpuUsage(started.cpu);
    const cpuShare = (user + system) / 1000 / (performance.now() - started.wall);
    const ours = samples[running.findIndex(({ entrant }) => entrant === entrants[0])];
    if (ours === undefined) throw new Error(`${entrants[0].name} cannot do ${work.id}: ${unable.get(entrants[0])}`);

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
        ratio: ratioQuartiles(samples[index]!, ours),
      };
    });
    const { id, place, dtype, shape, bytesMoved } = work;
    return { id, place, dtype, shape: shape.id, bytesMoved, cpuShare, outcomes };
  } finally {
    for (const { candidate } of running) await candidate.dispose();
  }
}
