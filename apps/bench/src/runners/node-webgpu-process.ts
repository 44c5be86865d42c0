import { versionOf } from '../environment.ts';
import { answerParent } from './answer.ts';
import { provideGPU } from './node-gpu.ts';

const adapter = await provideGPU();
const { WEBGPU } = await import('../lineups/webgpu.ts');
await answerParent('node-webgpu', WEBGPU, {
  engine: `Node ${process.versions.node}, npm webgpu ${versionOf('webgpu')}, ${adapter}`,
  cpuClock: null,
});
