import { type CandidateName, isOurs } from '../candidate.ts';
import { COPIES } from '../copies.ts';
import type { Stage } from '../measure.ts';
import type { Method } from '../method/method.ts';
import type { WorkloadResult } from '../results.ts';
import type { Spec } from '../spec.ts';
import type { Runner } from './runner.ts';

/** Who is left out of a workload, by name, and why. */
export type Without = Readonly<Record<string, string>>;

/** A process or a page that measures, and that can be ended from outside whatever it does. */
export interface Bench extends Pick<Runner, 'legend' | 'engine'> {
  measure(spec: Spec, method: Method, without: Without): Promise<WorkloadResult>;
  /** Says how it ended, where it ended by itself. */
  readonly ended: Promise<string>;
  end(): Promise<void>;
}

export type OpenBench = (onStage: (stage: Stage) => void) => Promise<Bench>;

export interface WatchedRunner extends Runner {
  /** What comes next is measured by a fresh process or page. */
  renew(): Promise<void>;
}

/** A peer that was stopped so often is not tried again: at each size it would cost its whole limit. */
const MOST_STOPS = 2;

/**
 * Measures where nothing that a peer does can take the run with it: a peer that does not come back from its preparation
 * or its first runs within `method.limitMs`, or ends the process or the page, is left out of the workload, which then
 * begins again in a fresh one.
 *
 * Rejects where the first does not open. `measure` rejects where that happens to ours, to a copy, or in the rounds, in which nobody can be told apart.
 */
export async function watchedRunner(open: OpenBench): Promise<WatchedRunner> {
  let deadline: Deadline | null = null;
  const fresh = (): Promise<Bench> => open((stage) => deadline?.enter(stage));
  let bench: Bench | null = await fresh();
  const { legend, engine } = bench;
  const stops = new Map<string, string[]>();

  const renew = async (): Promise<void> => {
    await bench?.end();
    bench = null;
  };

  /** The result, or who did not come back, and in what way. */
  const attempt = async (spec: Spec, method: Method, without: Without): Promise<WorkloadResult | Stop> => {
    deadline = new Deadline(method.limitMs);
    try {
      bench ??= await fresh();
      const result = bench.measure(spec, method, without);
      result.catch(() => {}); // nobody waits for it where it loses the race
      const outcome = await Promise.race([result, deadline.passed, bench.ended]);
      return typeof outcome === 'string' ? { at: deadline.at, how: outcome } : outcome;
    } finally {
      deadline.clear();
    }
  };

  return {
    legend,
    engine,
    renew,
    close: renew,
    async measure(spec, method) {
      const without: Record<string, string> = {};
      for (const [name, reasons] of stops) {
        if (reasons.length >= MOST_STOPS) without[name] = `not tried again: ${reasons.join('; ')}`;
      }
      for (;;) {
        const outcome = await attempt(spec, method, { ...without });
        if (!('how' in outcome)) return outcome;
        await renew();
        const { at, how } = outcome;
        if (!isPeer(at)) throw new Error(`${at}: ${how}`);
        without[at] = how;
        stops.set(at, [...(stops.get(at) ?? []), `${how} (${spec.shape.id})`]);
      }
    },
  };
}

interface Stop {
  readonly at: Deadline['at'];
  readonly how: string;
}

function isPeer(at: Deadline['at']): at is CandidateName {
  return at !== 'the rounds' && at !== 'the workload' && !isOurs(at) && !COPIES.has(at);
}

/** The time until which the stage that a measurement is at has to end. */
class Deadline {
  at: Stage['at'] | 'the workload' = 'the workload';
  /** Says what happened when it has passed. */
  readonly passed: Promise<string>;
  private pass!: (how: string) => void;
  private timer: NodeJS.Timeout | undefined;

  constructor(atMostMs: number) {
    this.passed = new Promise((resolve) => {
      this.pass = resolve;
    });
    this.begin(atMostMs);
  }

  enter({ at, atMostMs }: Stage): void {
    this.at = at;
    this.begin(atMostMs);
  }

  clear(): void {
    clearTimeout(this.timer);
  }

  private begin(atMostMs: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.pass(`stopped after ${Math.round(atMostMs) / 1000} s without an end`), atMostMs);
  }
}
