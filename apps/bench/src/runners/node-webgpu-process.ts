import { versionOf } from '../environment.ts';
import { measureForParent } from './child.ts';
import { provideWebGPU } from './navigator-gpu.ts';
import { prepareOnnxruntime } from './onnxruntime-in-node.ts';

await measureForParent('node-webgpu', async () => {
  const adapter = await provideWebGPU();
  await prepareOnnxruntime();
  const { WEBGPU } = await import('../lineups/webgpu.ts');
  return {
    lineup: WEBGPU,
    engine: `Node ${process.versions.node}, npm webgpu ${versionOf('webgpu')}, ${adapter}`,
    cpuClock: null,
  };
});
