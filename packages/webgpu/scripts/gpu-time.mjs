// Prints how near the kernels come to a copy, by the device's own clock (timestamp queries): node scripts/gpu-time.mjs
// [PART-OF-AN-ID ...], on the Vulkan driver of the environment. Each line is a median of ROUNDS ratios with its quartiles;
// all that is compared takes turns of about TURN milliseconds, and tensors rotate, so that no cache has them from before.
import { bytesPerElement, RMSNorm } from '@rmsnorm/core';
import { webgpu } from '@rmsnorm/webgpu';
import { create, globals } from 'webgpu';

const { GPUBufferUsage, GPUMapMode } = globals;
const ROUNDS = Number(process.env.ROUNDS ?? 21);
const TURN = Number(process.env.TURN ?? 10);
/** Beyond the caches of any GPU. */
const ROTATED = Number(process.env.ROTATED ?? 512) * 2 ** 20;

// Without its rounding to 100 microseconds, against pages that spy. DAWN=enable-dawn-features=... adds to that.
const gpu = create(['disable-dawn-features=timestamp_quantization', ...(process.env.DAWN?.split(' ') ?? [])]);
const adapter = await gpu.requestAdapter();
const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
const device = await adapter.requestDevice({
  requiredFeatures: ['timestamp-query', 'subgroups', 'shader-f16'].filter((name) => adapter.features.has(name)),
  requiredLimits: { maxBufferSize, maxStorageBufferBindingSize },
});
const backend = await webgpu({ gpu, device }).create();
const variants = {
  'by bits': await webgpu({ gpu, device, f16: false }).create(),
  'without subgroups': device.features.has('subgroups') && (await webgpu({ gpu, device, subgroups: false }).create()),
};

const FORWARD = [
  [8192, 4096],
  [2048, 1024],
  [65536, 1024],
  [2048, 8192],
  [1024, 16384],
  [128, 131072],
  [100000, 64],
  [1000000, 64],
  [262144, 128],
  [100001, 63],
  [2, 512, 64, 64],
  [64, 512, 32, 32],
];
const cases = [
  ...['float32', 'float16', 'bfloat16'].flatMap((dtype) => FORWARD.map((shape) => ({ op: 'forward', dtype, shape }))),
  ...['addForward', 'gatedForward', 'backward', 'forwardQuantized'].flatMap((op) =>
    ['float32', 'float16'].flatMap((dtype) =>
      [
        [8192, 4096],
        [262144, 128],
        [64, 512, 32, 32],
      ].map((shape) => ({ op, dtype, shape })),
    ),
  ),
].map((item) => ({ ...item, id: `${item.op}/${item.dtype}/${item.shape.join('x')}` }));

/** How many tensors of the size of x a call reads and writes; forwardQuantized writes a byte for each element. */
const TENSORS = {
  forward: [1, 1],
  addForward: [2, 2],
  gatedForward: [2, 1],
  backward: [2, 1],
  forwardQuantized: [1, 0],
};

const queries = device.createQuerySet({ type: 'timestamp', count: 2 });
const resolved = device.createBuffer({ size: 16, usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC });
const answer = device.createBuffer({ size: 16, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
const filler = device.createBuffer({ size: 4, usage: STORAGE | COPY_DST | COPY_SRC });

/** Nanoseconds of what `encode` puts into an encoder. */
async function time(encode) {
  const encoder = device.createCommandEncoder();
  const stamp = (index) => {
    // Something to do, or the pass is left out.
    encoder.clearBuffer(filler);
    encoder.beginComputePass({ timestampWrites: { querySet: queries, beginningOfPassWriteIndex: index } }).end();
  };
  stamp(0);
  encode(encoder);
  stamp(1);
  encoder.resolveQuerySet(queries, 0, 2, resolved, 0);
  encoder.copyBufferToBuffer(resolved, 0, answer, 0, 16);
  device.queue.submit([encoder.finish()]);
  await answer.mapAsync(GPUMapMode.READ);
  const [start, end] = new BigInt64Array(answer.getMappedRange().slice(0));
  answer.unmap();
  return Number(end - start);
}

const COPY = `
@group(0) @binding(0) var<storage, read> source: array<vec4u>;
@group(0) @binding(1) var<storage, read_write> destination: array<vec4u>;
@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 256u + id.x;
  if (i < arrayLength(&source)) { destination[i] = source[i]; }
}`;
const module = device.createShaderModule({ code: COPY });
const copyPipeline = device.createComputePipeline({ layout: 'auto', compute: { module, entryPoint: 'main' } });

function wgslCopy(from, to, size) {
  const entries = [from, to].map((buffer, binding) => ({ binding, resource: { buffer, size } }));
  const group = device.createBindGroup({ layout: copyPipeline.getBindGroupLayout(0), entries });
  const workgroups = Math.ceil(size / 16 / 256);
  const x = Math.min(workgroups, 65535);
  return (encoder) => {
    const pass = encoder.beginComputePass();
    pass.setPipeline(copyPipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(x, Math.ceil(workgroups / x));
    pass.end();
  };
}

/** A turn of a candidate: so many runs, each on the next set. */
function turnOf(runs) {
  let next = 0;
  return (count) => (encoder) => {
    for (let i = 0; i < count; i++) runs[next++ % runs.length](encoder);
  };
}

function random(bytes, dtype) {
  const data = new Uint8Array(bytes);
  // Halves of ordinary size, or the upper halves of such floats: the lower ones may be anything.
  const halves = new Uint16Array(data.buffer);
  for (let i = 0; i < halves.length; i++)
    halves[i] = (Math.random() < 0.5 ? 0x8000 : 0) | (0x3800 + Math.random() * 0x400);
  if (dtype !== 'float16')
    for (let i = dtype === 'float32' ? 1 : 0; i < halves.length; i += dtype === 'float32' ? 2 : 1) halves[i] += 0x0700;
  return data;
}

async function measure({ op, dtype, shape, id }) {
  const elements = shape.reduce((a, b) => a * b);
  const bytes = elements * bytesPerElement(dtype);
  const [reads, writes] = TENSORS[op];
  const moved = (reads + writes) * bytes + (op === 'forwardQuantized' ? elements : 0);
  const sets = Math.max(1, Math.min(16, Math.ceil(ROTATED / moved)));
  const copied = Math.floor(moved / 2 / 16) * 16;
  const norm = new RMSNorm(shape.length === 2 ? { dim: shape[1], axis: -1 } : { dim: shape[1] });
  const sample = backend.wrap(
    device.createBuffer({ size: Math.ceil(bytes / 4) * 4, usage: STORAGE | COPY_SRC | COPY_DST }),
    shape,
    dtype,
  );
  const part = random(2 ** 16, dtype);
  for (let at = 0; at < bytes; at += part.length) {
    device.queue.writeBuffer(sample.buffer, at, part, 0, Math.ceil(Math.min(part.length, bytes - at) / 4) * 4);
  }
  const buffers = [];
  const buffer = (size) => {
    const made = device.createBuffer({ size: Math.ceil(size / 16) * 16, usage: STORAGE | COPY_SRC | COPY_DST });
    buffers.push(made);
    return made;
  };
  const calls = Array.from({ length: sets }, () => {
    const tensors = Array.from({ length: reads + writes }, () => buffer(bytes));
    for (const input of tensors.slice(0, reads)) {
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(sample.buffer, 0, input, 0, Math.ceil(bytes / 4) * 4);
      device.queue.submit([encoder.finish()]);
    }
    return tensors;
  });
  const copies = Array.from({ length: sets }, () => [buffer(copied), buffer(copied)]);
  const own = (on) =>
    turnOf(
      calls.map((tensors) => {
        const [x, z, y, s] = [...tensors, ...Array(4)].slice(0, 4).map((b) => b && on.wrap(b, shape, dtype));
        switch (op) {
          case 'forward':
            return (encoder) => on.record(encoder, () => norm.forward(x, z));
          case 'addForward':
            return (encoder) => on.record(encoder, () => norm.addForward(x, z, { out: { y, sum: s } }));
          case 'gatedForward':
            return (encoder) => on.record(encoder, () => norm.gatedForward(x, z, y));
          case 'backward': {
            const plain = new RMSNorm(
              shape.length === 2 ? { dim: shape[1], axis: -1, affine: false } : { dim: shape[1], affine: false },
            );
            return (encoder) => on.record(encoder, () => plain.backward(x, z, { out: { dx: y } }));
          }
          case 'forwardQuantized': {
            const out = norm.forwardQuantized(x);
            return (encoder) => on.record(encoder, () => norm.forwardQuantized(x, { out }));
          }
        }
        throw new Error(`no operation is called ${op}`);
      }),
    );
  const candidates = {
    ours: own(backend),
    'buffer copy': turnOf(
      copies.map(
        ([from, to]) =>
          (encoder) =>
            encoder.copyBufferToBuffer(from, 0, to, 0, copied),
      ),
    ),
    'WGSL copy': turnOf(copies.map(([from, to]) => wgslCopy(from, to, copied))),
  };
  for (const [name, on] of Object.entries(variants)) {
    if (on && (dtype === 'float16' || name !== 'by bits')) candidates[name] = own(on);
  }
  const names = Object.keys(candidates);
  const counts = {};
  for (const name of names) {
    await time(candidates[name](3));
    const once = Math.max(1, (await time(candidates[name](8))) / 8);
    // A backend submits what is recorded by itself after so many dispatches, and holds as many plans.
    counts[name] = Math.max(1, Math.min(2000, Math.round((TURN * 1e6) / once)));
  }
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    const order = names.map((_, i) => names[(i + round) % names.length]);
    const took = {};
    for (const name of round % 2 ? order.reverse() : order)
      took[name] = (await time(candidates[name](counts[name]))) / counts[name];
    rounds.push(took);
  }
  const quantiles = (values) => {
    const sorted = values.sort((a, b) => a - b);
    return [0.5, 0.25, 0.75].map((q) => sorted[Math.round(q * (sorted.length - 1))]);
  };
  for (const b of [...buffers, sample.buffer]) b.destroy();
  const [ns] = quantiles(rounds.map(({ ours }) => ours));
  const over = Object.fromEntries(
    names.slice(1).map((name) => [name, quantiles(rounds.map((took) => took[name] / took.ours))]),
  );
  return { id, microseconds: ns / 1000, gigabytesPerSecond: moved / ns, over };
}

const { vendor, architecture, description } = adapter.info;
console.log(
  `${vendor} ${architecture} ${description}; ${backend.device}; ${ROUNDS} rounds; speed over each: median [quartiles]`,
);
const columns = ['buffer copy', 'WGSL copy', ...Object.keys(variants).filter((name) => variants[name])];
console.log(`| ${['call', 'us', 'GB/s', ...columns].join(' | ')} |`);
console.log(`| --- | ${['--:', '--:', ...columns.map(() => '--:')].join(' | ')} |`);
const wanted = process.argv.slice(2);
for (const item of cases.filter(({ id }) => wanted.length === 0 || wanted.some((part) => id.includes(part)))) {
  const { id, microseconds, gigabytesPerSecond, over } = await measure(item);
  const cells = columns.map((name) => {
    if (!over[name]) return '';
    const [median, low, high] = over[name].map((value) => value.toFixed(2));
    return `${median} [${low} ${high}]`;
  });
  console.log(`| ${[id, microseconds.toFixed(1), gigabytesPerSecond.toFixed(0), ...cells].join(' | ')} |`);
}
process.exit(0);
