import { fileURLToPath } from 'node:url';
import { defineConfig, type UserConfig } from 'vite';

// Bundles the page that measures in Chromium, src/page with its candidates, into dist/page.
const config: UserConfig = defineConfig({
  root: fileURLToPath(new URL('src/page', import.meta.url)),
  // Sessions on the CPU need ORT's small binary. Its WebGPU binary is loaded by src/page/gpu-binary.ts, which imports
  // it by name.
  resolve: { alias: [{ find: /^onnxruntime-web$/, replacement: 'onnxruntime-web/wasm' }] },
  build: {
    outDir: fileURLToPath(new URL('dist/page', import.meta.url)),
    emptyOutDir: true,
    target: 'esnext',
    assetsInlineLimit: 0,
    minify: false,
    chunkSizeWarningLimit: 10_000,
  },
});

export default config;
