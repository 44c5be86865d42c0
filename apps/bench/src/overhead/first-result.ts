import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { quartiles, ratioQuartiles } from '../method/statistics.ts';
import type { FirstResultTime } from '../results.ts';

/** The workspace's own tool, which starts a registry on this machine and publishes to it: not a part of this app. */
const PROGRAM = fileURLToPath(new URL('../../../../.ci/first-result/main.mjs', import.meta.url));

type Measured = 'npx' | 'npxAgain' | 'npxOfNothing' | 'command' | 'node';

const WORDS: Readonly<Record<Measured, string>> = {
  npx: 'npx @rmsnorm/cli run, never had before',
  npxAgain: 'the same once more',
  npxOfNothing: 'npx of a command that does nothing, never had before',
  command: 'rmsnorm run, installed',
  node: 'node --eval 0',
};

/** How long a user waits for the first result of a version that was just released, in each of some rounds. */
export async function measureFirstResult(rounds: number): Promise<FirstResultTime[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, String(rounds)]);
  const seconds = JSON.parse(stdout) as Record<Measured, number[]>;
  return (Object.keys(WORDS) as Measured[]).map((name) => ({
    what: WORDS[name],
    rounds,
    seconds: quartiles(seconds[name]),
    overNothing: ratioQuartiles(seconds[name], seconds.npxOfNothing),
  }));
}
