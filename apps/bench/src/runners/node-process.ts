import { NODE } from '../lineups/node.ts';
import { answerParent, processMs } from './answer.ts';

await answerParent('node', NODE, {
  engine: `Node ${process.versions.node} (V8 ${process.versions.v8})`,
  cpuClock: processMs,
});
