// The rows of the table: which calls are measured, and what each must reach.

/** Bytes that a call reads and writes, about, unless its row says how many rows it has. */
const CALL_BYTES = 256 * 2 ** 20;
/** On the emulated device, where time means nothing: bytes, and elements along inner. */
const EMULATED_BYTES = 64 * 2 ** 10;
const EMULATED_INNER = 200;

const ELEMENT_BYTES = { float32: 4, float16: 2, bfloat16: 2 };
const DTYPES = ['bfloat16', 'float32', 'float16'];

/** Tensors as large as x, x among them, that each operation reads, and that it writes; an int8 is a part of one. */
const READ = { forward: 1, addForward: 2, gatedForward: 2, backward: 2, forwardQuantized: 1 };
const WRITTEN = { forward: 1, addForward: 2, gatedForward: 1, backward: 1, forwardQuantized: 0 };

/** Of a device-to-device copy of the same bytes. */
function targetOf({ op, size, inner, kind }) {
  if (kind === 'odd') return 0.6;
  if (inner > 1) return 0.85;
  if (op === 'addForward') return 0.92;
  if (op === 'backward') return 0.78;
  if (op === 'gatedForward' || op === 'forwardQuantized') return 0.75;
  if (size <= 256) return 0.82;
  if (size <= 1024) return 0.88;
  if (size <= 16384) return 0.92;
  return 0.85;
}

const forward = (size, more = {}) => ({ op: 'forward', size, inner: 1, ...more });

/** Shapes for every dtype: contiguous rows, with few of them too; odd sizes; channels-first. The first are the last to be left out. */
const SHAPES = [
  ...[64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072].map((size) => forward(size)),
  ...[64, 128, 256].map((size) => forward(size, { outer: 65536 })),
  ...[127, 1023, 4095, 32767].map((size) => forward(size, { kind: 'odd' })),
  ...[2048, 4096, 16384].map((size) => ({ op: 'addForward', size, inner: 1 })),
  forward(64, { inner: 112 * 112 }),
  forward(256, { inner: 56 * 56 }),
  forward(512, { inner: 28 * 28 }),
  forward(768, { inner: 197, kind: 'odd' }),
  ...[256, 1024, 4096, 8192, 32768].map((size) => ({ op: 'backward', size, inner: 1 })),
  ...[1024, 4096, 8192].map((size) => ({ op: 'gatedForward', size, inner: 1 })),
  ...[1024, 4096, 8192].map((size) => ({ op: 'forwardQuantized', size, inner: 1 })),
];

/** Bytes of gamma, dgamma and scales are few, and counted. */
function bytesOf({ op, outer, size, inner, dtype }) {
  const elements = outer * size * inner;
  const element = ELEMENT_BYTES[dtype];
  const read = READ[op] * elements * element + 4 * size;
  const written = WRITTEN[op] * elements * element;
  if (op === 'backward') return { read, written: written + 4 * size };
  if (op === 'forwardQuantized') return { read, written: elements + 4 * outer * inner };
  return { read, written };
}

function rowOf(shape, dtype, isEmulated) {
  const inner = isEmulated ? Math.min(shape.inner, EMULATED_INNER) : shape.inner;
  const each = bytesOf({ ...shape, inner, dtype, outer: 1 });
  const fitting = Math.max(2, Math.floor((isEmulated ? EMULATED_BYTES : CALL_BYTES) / (each.read + each.written)));
  const outer = isEmulated ? fitting : (shape.outer ?? fitting);
  const name = `${shape.op} ${dtype} [${[outer, shape.size, ...(inner > 1 ? [inner] : [])].join(', ')}]`;
  const row = { name, kind: 'whole', ...shape, inner, outer, dtype };
  return { ...row, target: targetOf(row), ...bytesOf(row) };
}

/** All rows, one dtype after another; on the emulated device each shape with one of them. */
export function rowsOf(isEmulated) {
  if (isEmulated) return SHAPES.map((shape, i) => rowOf(shape, DTYPES[i % DTYPES.length], true));
  return DTYPES.flatMap((dtype) => SHAPES.map((shape) => rowOf(shape, dtype, false)));
}
