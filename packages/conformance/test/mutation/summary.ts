import type { Result } from './run-mutants.ts';
import { isListed, type Survivors } from './survivors.ts';

interface Counts {
  readonly mutants: number;
  readonly killed: number;
  /** Of the killed, those that never came back. */
  readonly stuck: number;
  readonly listed: number;
  readonly survived: number;
}

/** What does not compile is no mutant. */
function countsOf(results: readonly Result[], listed: Survivors): Counts {
  const valid = results.filter(({ outcome }) => outcome.status !== 'invalid');
  const killed = valid.filter(({ outcome }) => outcome.status === 'killed');
  const survived = valid.filter(({ outcome }) => outcome.status === 'survived');
  const known = survived.filter(({ mutant }) => isListed(listed, mutant)).length;
  return {
    mutants: valid.length,
    killed: killed.length,
    stuck: killed.filter(({ outcome }) => outcome.status === 'killed' && outcome.by.startsWith('stuck')).length,
    listed: known,
    survived: survived.length - known,
  };
}

/** A line for each file. */
export function tableOf(results: readonly Result[], listed: Survivors): string {
  const files = [...new Set(results.map(({ mutant }) => `${mutant.program} ${mutant.file}`))].sort();
  const width = Math.max(...files.map((file) => file.length));
  return files
    .map((file) => {
      const own = results.filter(({ mutant }) => `${mutant.program} ${mutant.file}` === file);
      return `${file.padEnd(width)}  ${inWords(countsOf(own, listed))}`;
    })
    .join('\n');
}

export function summaryOf(results: readonly Result[], listed: Survivors): string {
  const counts = countsOf(results, listed);
  const share = (100 * counts.killed) / Math.max(1, counts.killed + counts.survived);
  return `${inWords(counts)}: ${share.toFixed(1)} % of those that are not equivalent are killed`;
}

function inWords({ mutants, killed, stuck, listed, survived }: Counts): string {
  return `${mutants} mutants, ${killed} killed (${stuck} by never coming back), ${listed} equivalent, ${survived} survive`;
}
