import { type ForwardIO, RMSNormError } from '@rmsnorm/core';
import type { Block } from './block.ts';

/**
 * Refuses outputs that share bytes with another buffer: blocks of the allocator never do, wrapped ones may. That out
 * is x itself is allowed, whichever tensors name it.
 * @throws RMSNormError ALIASING
 */
export function refuseOverlaps({ x, gamma, beta, y, rstd }: ForwardIO<Block>): void {
  if (y.address !== x.address) refuse(y, 'out', x, 'x');
  refuse(y, 'out', gamma, 'gamma');
  refuse(y, 'out', beta, 'beta');
  if (rstd === null) return;
  refuse(rstd, 'rstd', x, 'x');
  refuse(rstd, 'rstd', gamma, 'gamma');
  refuse(rstd, 'rstd', beta, 'beta');
  refuse(rstd, 'rstd', y, 'out');
}

type Blocks = Readonly<Record<string, Block | null>>;

/**
 * The same for any operation: its outputs may be at the very address of `places`, not overlap them in part, and share
 * nothing with `others`, which do not share anything with the places where they are outputs themselves.
 * @throws RMSNormError ALIASING
 */
export function refuseOverlapsOf(outputs: Blocks, places: Blocks, others: Blocks): void {
  // With Object.entries this took up to a microsecond, many times a small kernel. A function that a page may have added to
  // Object.prototype has no address, and so overlaps nothing.
  for (const name in outputs) {
    const output = outputs[name]!;
    for (const place in places) {
      if (places[place]!.address !== output.address) refuse(output, name, places[place]!, place);
    }
    for (const other in others) refuse(output, name, others[other] ?? null, other);
    for (const other in outputs) if (other !== name) refuse(output, name, outputs[other]!, other);
  }
}

function refuse(a: Block, nameOfA: string, b: Block | null, nameOfB: string): void {
  if (b !== null && a.address < b.address + b.bytes && b.address < a.address + a.bytes) {
    throw new RMSNormError(
      'ALIASING',
      `${nameOfA} (${a.bytes} bytes from ${a.address} on) and ${nameOfB} (${b.bytes} from ${b.address} on) overlap in the WebAssembly memory: give ${nameOfA} memory of its own`,
    );
  }
}
