// The outputs of every call of the addon, in their order.

import { DTYPE_NAMES, native, OP_NAMES } from '../built.mjs';

const at = Object.fromEntries(native.fields.map((name, place) => [name, place]));

/** The outputs, how many elements they have, and of which type; 'x': as x. */
const OUTPUTS = [
  ['y', 'elements', 'x'],
  ['sum', 'elements', 'x'],
  ['rstd', 'rows', 'float32'],
  ['sums', 'rows', 'float32'],
  ['dx', 'elements', 'x'],
  ['dgamma', 'features', 'float32'],
  ['dbeta', 'features', 'float32'],
  ['q', 'elements', 'int8'],
  ['scales', 'positions', 'float32'],
];
const BYTES = { float32: 4, float16: 2, bfloat16: 2, int8: 1 };

function lengthsOf(call) {
  const [outer, groups, size, inner] = ['outer', 'groups', 'size', 'inner'].map((name) => call[at[name]]);
  return {
    elements: outer * groups * size * inner,
    rows: outer * groups * inner,
    features: groups * size,
    positions: outer * inner,
  };
}

/** A call in words. */
function describe(call) {
  const shape = ['outer', 'groups', 'size', 'inner'].map((name) => call[at[name]]).join('x');
  return `${OP_NAMES[call[at.op]]} ${DTYPE_NAMES[call[at.dtype]]} ${shape}`;
}

/** What calls gave, until it is taken. */
export class Recording {
  #outputs = [];
  #calls = 0;

  /** The addon, with every call recorded. */
  watch(addon) {
    return {
      fields: addon.fields,
      probe: addon.probe,
      open: (options) => this.#watchBackend(addon.open(options)),
    };
  }

  /** The outputs since the last take: { name, call, dtype, bytes }, or { call, error } of one that was refused. */
  async take() {
    const outputs = this.#outputs;
    this.#outputs = [];
    this.#calls = 0;
    await Promise.all(outputs.map((output) => output.arrived));
    return outputs;
  }

  #watchBackend(backend) {
    let capturing = false;
    return {
      ...backend,
      launch: (call) => {
        this.#calls++;
        try {
          backend.launch(call);
        } catch (error) {
          this.#outputs.push({ call: this.#numbered(call), error: error.code });
          throw error;
        }
        if (!capturing) this.#read(backend, call);
      },
      beginCapture: () => {
        backend.beginCapture();
        capturing = true;
      },
      endCapture: () => {
        capturing = false;
        return backend.endCapture();
      },
    };
  }

  #numbered(call) {
    return `call ${this.#calls}: ${describe(call)}`;
  }

  #read(backend, call) {
    const lengths = lengthsOf(call);
    for (const [name, extent, type] of OUTPUTS) {
      const address = call[at[name]];
      if (address === 0) continue;
      const dtype = type === 'x' ? DTYPE_NAMES[call[at.dtype]] : type;
      const bytes = new Uint8Array(lengths[extent] * BYTES[dtype]);
      const output = { name, call: this.#numbered(call), dtype, bytes, error: undefined };
      output.arrived = new Promise((resolve) => {
        backend.read(address, bytes, (error) => {
          output.error = error?.code;
          resolve();
        });
      });
      this.#outputs.push(output);
    }
  }
}
