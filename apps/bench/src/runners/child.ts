// For child processes that measure: the other side of fork.ts.

import { specs } from '../families/specs.ts';
import { type Lineup, legendOf } from '../lineups/lineup.ts';
import { type Circumstances, measure, type Stage } from '../measure.ts';
import type { Target } from '../spec.ts';
import { makeWorkload } from '../workload.ts';
import type { ChildMessage, MeasureRequest } from './messages.ts';

/** What a child process measures with. */
export interface Equipment extends Pick<Circumstances, 'cpuClock' | 'interruptions'> {
  readonly lineup: Lineup;
  /** What the figures depend on, in words. */
  readonly engine: string;
}

/**
 * Measures for the process that forked this one, one workload at a time, and ends when that one does.
 * @param open makes ready what is measured with; where it fails, the parent is told why
 */
export async function measureForParent(target: Target, open: () => Promise<Equipment> | Equipment): Promise<void> {
  process.on('disconnect', () => process.exit());
  let equipment: Equipment;
  try {
    equipment = await open();
  } catch (error) {
    return send({ error: messageOf(error) });
  }
  const { lineup, engine, ...circumstances } = equipment;
  const [threads] = process.argv.slice(2).map(Number);
  const known = specs([target], { threads: threads!, adapter: 'hardware' });
  process.on('message', async ({ id, method, without }: MeasureRequest) => {
    try {
      const spec = known.find((each) => each.id === id);
      if (!spec) throw new Error(`no workload of ${target} is ${id}`);
      const onStage = (stage: Stage): Promise<void> => send({ stage });
      const result = await measure(makeWorkload(spec), lineup(spec), method, { ...circumstances, onStage, without });
      await send({ result });
    } catch (error) {
      await send({ error: messageOf(error) });
    }
  });
  await send({ ready: { legend: legendOf(lineup), engine } });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Settles when the parent can read the message, whatever this process does next. */
function send(message: ChildMessage): Promise<void> {
  return new Promise((resolve, reject) =>
    process.send!(message, undefined, undefined, (error) => (error ? reject(error) : resolve())),
  );
}

/** Processor time of this process, in milliseconds. */
export function processMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
