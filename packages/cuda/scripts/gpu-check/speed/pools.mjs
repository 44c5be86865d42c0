// Memory on the device that all rows share: inputs, filled once for each dtype with numbers of a normal distribution, and outputs.

import { encode } from '@rmsnorm/core';

const ALIGNMENT = 256;
/** What is made on the host, and written again and again. */
const BLOCK_BYTES = 2 * 2 ** 20;

/** Deterministic, and never 0, which no denominator likes. */
function normalNumbers(count) {
  let state = 1;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 1) / 2 ** 32;
  };
  const values = new Float32Array(count);
  for (let i = 0; i < count; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(uniform()));
    const angle = 2 * Math.PI * uniform();
    values[i] = radius * Math.cos(angle);
    if (i + 1 < count) values[i + 1] = radius * Math.sin(angle);
  }
  return values;
}

function bytesOf(array) {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** A piece of memory that is handed out from its start on. */
export class Pool {
  #raw;
  #address;
  #bytes;
  #used = 0;

  constructor(raw, bytes) {
    this.#raw = raw;
    this.#bytes = bytes;
    this.#address = raw.alloc(bytes);
  }

  /** The address of so many bytes. */
  take(bytes) {
    const address = this.#address + this.#used;
    this.#used += Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    if (this.#used > this.#bytes) throw new Error(`${this.#used} bytes are wanted, the pool has ${this.#bytes}`);
    return address;
  }

  /** All that was handed out is free again. */
  reset() {
    this.#used = 0;
  }

  fill(block) {
    for (let at = 0; at < this.#bytes; at += block.length)
      this.#raw.write(this.#address + at, block.subarray(0, Math.min(block.length, this.#bytes - at)));
  }
}

export class Inputs extends Pool {
  #dtype = null;
  #blockBytes;

  constructor(raw, bytes) {
    super(raw, bytes);
    this.#blockBytes = Math.min(bytes, BLOCK_BYTES);
  }

  /** Fills it with numbers of a dtype, where it holds others. */
  holding(dtype) {
    this.reset();
    if (this.#dtype === dtype) return;
    const count = this.#blockBytes / (dtype === 'float32' ? 4 : 2);
    this.fill(bytesOf(encode(normalNumbers(count), dtype)));
    this.#dtype = dtype;
  }
}
