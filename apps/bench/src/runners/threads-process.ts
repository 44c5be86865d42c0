import { THREADS } from '../lineups/threads.ts';
import { measureForParent } from './child.ts';

await measureForParent('threads', () => ({
  lineup: THREADS,
  engine: `Node ${process.versions.node} (V8 ${process.versions.v8})`,
  // Whether the threads had their cores, on a machine that others use too, the interruptions say.
  cpuClock: null,
  interruptions: () => process.resourceUsage().involuntaryContextSwitches,
}));
