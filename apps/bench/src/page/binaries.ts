import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import plainUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simdUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threadedUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import * as tf from '@tensorflow/tfjs-core';
import * as ort from 'onnxruntime-web';
import ortScriptUrl from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import ortUrl from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import { THREADS } from './threads.ts';

// Where the bundler put the binaries that the peers load. ORT's threads need their own script; without it, they would
// load ours.
ort.env.wasm.wasmPaths = THREADS === 1 ? { wasm: ortUrl } : { wasm: ortUrl, mjs: ortScriptUrl };
setWasmPaths({
  'tfjs-backend-wasm.wasm': plainUrl,
  'tfjs-backend-wasm-simd.wasm': simdUrl,
  'tfjs-backend-wasm-threaded-simd.wasm': threadedUrl,
});
// Without this, TensorFlow.js takes its binary with atomics for one thread too.
tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', THREADS > 1);
