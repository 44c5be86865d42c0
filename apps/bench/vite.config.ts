import { defineConfig, type UserConfig } from 'vite';

// The page that measures in Chromium: src/page, with its candidates, into dist/page.
const config: UserConfig = defineConfig({
  root: new URL('src/page', import.meta.url).pathname,
  // CPU sessions need ORT's small binary alone; its WebGPU binary is loaded by who asks for it by name.
  resolve: { alias: [{ find: /^onnxruntime-web$/, replacement: 'onnxruntime-web/wasm' }] },
  build: {
    outDir: new URL('dist/page', import.meta.url).pathname,
    emptyOutDir: true,
    target: 'esnext',
    assetsInlineLimit: 0,
    minify: false,
    chunkSizeWarningLimit: 10_000,
  },
});

export default config;
