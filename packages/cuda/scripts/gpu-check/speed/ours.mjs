// Calls of the backend, and copies of as many bytes, over sets of tensors that do not fit in the L2 cache together.

import { RMSNorm } from '@rmsnorm/core';
import { passesOf } from './clock.mjs';

/** What a pass reads, at least: four times the largest L2. */
const ROTATED_BYTES = 240 * 2 ** 20;
export const POOL_BYTES = 600 * 2 ** 20;
export const EMULATED_POOL_BYTES = 24 * 2 ** 20;

const ELEMENT_BYTES = { float32: 4, float16: 2, bfloat16: 2, int8: 1 };

export function setsOf({ read }, isEmulated) {
  return isEmulated ? 2 : Math.max(2, Math.ceil(ROTATED_BYTES / read));
}

/** Tensors of the pools' memory. */
function tensorIn(backend, pool, shape, dtype) {
  const bytes = shape.reduce((product, length) => product * length, 1) * ELEMENT_BYTES[dtype];
  const address = pool.take(bytes);
  return backend.wrap({ pointer: BigInt(address), bytes }, shape, dtype);
}

/** One set: its tensors, and the call on them. */
function callOf({ op, dtype, size, inner, outer }, norm, input, output) {
  const shape = inner > 1 ? [outer, size, inner] : [outer, size];
  const x = input(shape, dtype);
  switch (op) {
    case 'forward': {
      const y = output(shape, dtype);
      return { call: () => norm.forward(x, y), written: [y] };
    }
    case 'addForward': {
      const residual = input(shape, dtype);
      const out = { y: output(shape, dtype), sum: output(shape, dtype) };
      return { call: () => norm.addForward(x, residual, { out }), written: [out.y, out.sum] };
    }
    case 'gatedForward': {
      const gate = input(shape, dtype);
      const out = output(shape, dtype);
      return { call: () => norm.gatedForward(x, gate, { out }), written: [out] };
    }
    case 'backward': {
      const dy = input(shape, dtype);
      const out = { dx: output(shape, dtype), dgamma: output([size], 'float32') };
      return { call: () => norm.backward(x, dy, { out }), written: [out.dx, out.dgamma] };
    }
    case 'forwardQuantized': {
      const out = { q: output(shape, 'int8'), scales: output([outer, inner], 'float32') };
      return { call: () => norm.forwardQuantized(x, { out }), written: [out.q, out.scales] };
    }
    default:
      throw new Error(`no row has the operation ${op}`);
  }
}

/**
 * A row's calls as a graph, and the copies as another. Each contender gives the milliseconds of a call.
 * @returns { calls, sets, contenders: { ours, copyPlain, copyGraph }, dispose }
 */
export async function prepareOurs(row, { backend, raw, inputs, outputs, clock, isEmulated }) {
  inputs.holding(row.dtype);
  outputs.reset();
  const sets = setsOf(row, isEmulated);
  const passes = passesOf(row, sets, isEmulated);
  const calls = sets * passes;
  const norm = new RMSNorm({ dim: row.size, axis: 1 });
  const input = (shape, dtype) => tensorIn(backend, inputs, shape, dtype);
  const output = (shape, dtype) => tensorIn(backend, outputs, shape, dtype);
  const all = Array.from({ length: sets }, () => callOf(row, norm, input, output));
  const graph = await checkedGraph(backend, raw, all, passes);
  const copies = copiesOf(row, sets, passes, { raw, inputs, outputs });
  return {
    sets,
    calls,
    contenders: {
      ours: () => clock.time(() => graph.launch()) / calls,
      copyPlain: () => clock.time(copies.plain) / calls,
      copyGraph: () => clock.time(copies.launch) / calls,
    },
    dispose() {
      graph.dispose();
      copies.dispose();
      norm.dispose();
    },
  };
}

/** All calls, so many times, as a graph that has been seen to write every output. */
async function checkedGraph(backend, raw, all, passes) {
  all[0].call(); // uploads gamma, which a graph cannot
  const check = poisoned(raw, all);
  const graph = backend.capture(() => {
    for (let i = 0; i < passes; i++) for (const { call } of all) call();
  });
  graph.launch();
  await check();
  return graph;
}

/** cuMemcpyDtoDAsync of half of the row's bytes: it reads them and writes them. From inputs to outputs, which both are taken anew. */
function copiesOf(row, sets, passes, { raw, inputs, outputs }) {
  const bytes = Math.ceil((row.read + row.written) / 2 / 16) * 16;
  inputs.reset();
  outputs.reset();
  const pairs = Array.from({ length: sets }, () => [inputs.take(bytes), outputs.take(bytes)]);
  const plain = () => {
    for (let i = 0; i < passes; i++) for (const [from, to] of pairs) raw.copy(from, to, bytes);
  };
  raw.beginCapture();
  plain();
  const graph = raw.endCapture();
  return { plain, launch: () => raw.launchGraph(graph), dispose: () => raw.disposeGraph(graph) };
}

/** The first bytes of each output are made 0xFF, which no result begins with: what still holds them later was not computed. */
function poisoned(raw, all) {
  const length = 64;
  const addresses = all.flatMap(({ written }) => written.map((tensor) => Number(tensor.buffer)));
  const poison = new Uint8Array(length).fill(0xff);
  for (const address of addresses) raw.write(address, poison);
  const read = (address) =>
    new Promise((resolve, reject) => {
      const into = new Uint8Array(length);
      raw.read(address, into, (error) => (error ? reject(error) : resolve(into)));
    });
  return async () => {
    const found = await Promise.all(addresses.map(read));
    const left = found.filter((bytes) => bytes.every((byte) => byte === 0xff)).length;
    if (left > 0)
      throw new Error(`${left} of ${found.length} outputs were not written: the figures would mean nothing`);
  };
}
