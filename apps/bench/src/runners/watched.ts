import { type CandidateName, isOurs } from '../candidate.ts';
import { COPIES } from '../copies.ts';
import type { Stage } from '../measure.ts';
import type { Method } from '../method/method.ts';
import type { WorkloadResult } from '../results.ts';
import type { Spec } from '../spec.ts';
import type { Runner } from './runner.ts';

/** Candidates that are left out of a workload, by name, and why. */
export type Excluded = Readonly<Record<string, string>>;

/** A process or a page that measures. It can be ended from outside, whatever it does. */
export interface Bench extends Pick<Runner, 'legend' | 'engine'> {
  measure(spec: Spec, method: Method, without: Excluded): Promise<WorkloadResult>;
  /** Settles where it ends by itself, and says how. */
  readonly ended: Promise<string>;
  end(): Promise<void>;
}

export type OpenBench = (onStage: (stage: Stage) => void) => Promise<Bench>;

export interface WatchedRunner extends Runner {
  /** Lets a fresh process or page measure what comes next. */
  renew(): Promise<void>;
}

/** A peer that was stopped so often is not tried again: each further size would take its whole limit. */
const MOST_STOPS = 2;

/**
 * A runner that no peer can bring down. A peer is left out of a workload where it is not ready within `method.limitMs`, or
 * ends its process or page; the workload then begins again in a fresh one.
 *
 * Rejects where the first process or page does not open. `measure` rejects where ours, or a copy, is stopped or ends the
 * process; and where that happens in the rounds, in which the candidates cannot be told apart.
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

  const attempt = async (spec: Spec, method: Method, without: Excluded): Promise<WorkloadResult | Stop> => {
    deadline = new Deadline(method.limitMs);
    try {
      bench ??= await fresh();
      const result = bench.measure(spec, method, without);
      result.catch(() => {}); // Where it loses the race, nothing waits for it.
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

/** A candidate that did not get ready, or rounds that did not end, and in what way. */
interface Stop {
  readonly at: Deadline['at'];
  readonly how: string;
}

function isPeer(at: Deadline['at']): at is CandidateName {
  return at !== 'the rounds' && at !== 'the workload' && !isOurs(at) && !COPIES.has(at);
}

/** The time until which a stage of a measurement has to end. */
class Deadline {
  at: Stage['at'] | 'the workload' = 'the workload';
  /** Settles when the time has passed, and says so. */
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
