import { type ForwardIO, type HostForwardIO, type Problem, RMSNormError } from '@rmsnorm/core';
import type { Block } from '../memory/block.ts';
import { gathered, type Slice, scatter, slicesOf } from './host-slices.ts';

/** What it takes of the driver. */
export interface HostForwardDevice {
  alloc(bytes: number): Block;
  free(block: Block): void;
  write(block: Block, bytes: Uint8Array): void;
  read(block: Block, into: Uint8Array): Promise<void>;
  forward(problem: Problem, io: ForwardIO<Block>): void;
}

/** So many slices are on the device: one is computed while another is copied. */
const MOST_SLICES = 2;

/**
 * A forward from the host to the host, in slices of whole rows. No more than two slices are on the device, so that the size
 * of the array and the device's limits do not matter.
 *
 * @param largest bytes that a buffer, and a binding, may have
 * @throws RMSNormError OUT_OF_MEMORY, UNSUPPORTED where a single row is too large; SHAPE where an array lost its memory;
 *   what the device reports
 */
export async function hostForward(
  device: HostForwardDevice,
  problem: Problem,
  { x, y, gamma, beta }: HostForwardIO,
  largest: number,
): Promise<void> {
  const weights: Block[] = [];
  const upload = (values: Float32Array | null): Block | null => {
    if (values === null) return null;
    const block = device.alloc(values.byteLength);
    weights.push(block);
    device.write(block, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return block;
  };
  // The caller may transfer or resize an array's memory while slices wait for the device.
  const [bytesOfX, bytesOfY] = [x.length, y.length];
  const forward = async (slice: Slice, io: { gamma: Block | null; beta: Block | null }): Promise<void> => {
    requireMemory('x', x, bytesOfX);
    const packed = gathered(slice, x);
    const block = device.alloc(Math.ceil(packed.length / 4) * 4);
    try {
      device.write(block, packed);
      device.forward(slice.problem, { ...io, x: block, y: block, rstd: null });
      // Where the slice is one piece this is part of y itself.
      const result = slice.pieces === 1 ? gathered(slice, y) : packed;
      await device.read(block, result);
      scatter(slice, result, y);
    } catch (error) {
      requireMemory('out', y, bytesOfY);
      throw error;
    } finally {
      device.free(block);
    }
  };

  const pending: Promise<void>[] = [];
  try {
    const io = { gamma: upload(gamma), beta: upload(beta) };
    for (const slice of slicesOf(problem, largest)) {
      if (pending.length === MOST_SLICES) await pending.shift();
      const running = forward(slice, io);
      // It is awaited below: a failure before that is no unhandled rejection.
      running.catch(() => {});
      pending.push(running);
    }
    await Promise.all(pending);
  } finally {
    await Promise.allSettled(pending);
    for (const block of weights) device.free(block);
  }
}

/** @throws RMSNormError SHAPE */
function requireMemory(name: string, { byteLength }: Uint8Array, bytes: number): void {
  if (byteLength === bytes) return;
  throw new RMSNormError(
    'SHAPE',
    `the array of ${name} had ${bytes} bytes when apply() began, and has ${byteLength} now: its memory was transferred or resized`,
  );
}
