import binaryUrl from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import * as ort from 'onnxruntime-web/webgpu';

// Where the bundler put the binary that ORT's WebGPU loads.
ort.env.wasm.wasmPaths = { wasm: binaryUrl };
