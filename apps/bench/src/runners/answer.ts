import { specs } from '../families.ts';
import { type Lineup, legendOf } from '../lineups/lineup.ts';
import { type CpuClock, measure, type Stage } from '../measure.ts';
import type { Target } from '../spec.ts';
import { makeWorkload } from '../workload.ts';
import type { Answer, Question } from './messages.ts';

/** Measures for the process that forked this one, one workload at a time, and ends when that one does. */
export async function answerParent(
  target: Target,
  lineup: Lineup,
  { engine, cpuClock }: { engine: string; cpuClock: CpuClock },
): Promise<void> {
  const [threads] = process.argv.slice(2).map(Number);
  const known = specs([target], { threads: threads!, adapter: 'hardware' });
  process.on('disconnect', () => process.exit());
  process.on('message', async ({ id, method, without }: Question) => {
    try {
      const spec = known.find((each) => each.id === id);
      if (!spec) throw new Error(`no workload of ${target} is ${id}`);
      const onStage = (stage: Stage): Promise<void> => say({ stage });
      const result = await measure(makeWorkload(spec), lineup(spec), method, { cpuClock, onStage, without });
      await say({ result });
    } catch (error) {
      await say({ error: error instanceof Error ? error.message : String(error) });
    }
  });
  await say({ ready: { legend: legendOf(lineup), engine } });
}

/** Comes back when the other process can read it, whatever this one does next. */
function say(answer: Answer): Promise<void> {
  return new Promise((resolve, reject) =>
    process.send!(answer, undefined, undefined, (error) => (error ? reject(error) : resolve())),
  );
}

/** Of this process, in milliseconds. */
export function processMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
