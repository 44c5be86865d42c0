import { legendOf } from '../lineups/lineup.ts';
import { NODE } from '../lineups/node.ts';
import { measure } from '../measure.ts';
import { makeWorkload } from '../workload.ts';
import type { Runner } from './runner.ts';

export function nodeRunner(): Runner {
  return {
    legend: legendOf(NODE),
    engine: `Node ${process.versions.node} (V8 ${process.versions.v8})`,
    measure: (spec, method) => measure(makeWorkload(spec), NODE(spec), method, processMs),
    close: async () => {},
  };
}

function processMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
