import { NODE } from '../lineups/node.ts';
import { measureForParent, processMs } from './child.ts';

await measureForParent('node', () => ({
  lineup: NODE,
  engine: `Node ${process.versions.node} (V8 ${process.versions.v8})`,
  cpuClock: processMs,
}));
