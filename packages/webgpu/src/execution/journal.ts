import type { RMSNormError } from '@rmsnorm/core';
import { type Block, setTaint, taintOf } from '../memory/block.ts';

/** Work on blocks. */
export interface Entry {
  /** The blocks that are read, then those that are written, as a whole; null where an operand is missing. */
  readonly blocks: readonly (Block | null)[];
  /** How many of them are read. */
  readonly inputs: number;
  /** An error that explains the device's: of a pipeline that did not compile, or memory that was not there. */
  readonly fault: (() => RMSNormError | null) | null;
  /** Set where contents are read by the host: the error that spoiled them. */
  taint?: RMSNormError | null;
}

/**
 * Work that was enqueued, and of which the device has not told yet whether it took it. It tells that late, and of a whole
 * batch: if it refused one, the outputs of that batch are spoiled, and what was computed from them since, and nothing else.
 */
export class Journal {
  // In order; the last one is open.
  readonly #batches: { readonly number: number; readonly entries: Entry[] }[] = [];
  #spoiled = false;

  note(batch: number, entry: Entry): void {
    if (this.#spoiled) spread(entry);
    let last = this.#batches.at(-1);
    if (last?.number !== batch) {
      last = { number: batch, entries: [] };
      this.#batches.push(last);
    }
    last.entries.push(entry);
  }

  /** Whether an upload has to be written down. */
  get watching(): boolean {
    return this.#spoiled || this.#batches.length > 0;
  }

  /** The device took this batch, and all before. */
  taken(batch: number): void {
    while (this.#batches.length > 0 && this.#batches[0]!.number <= batch) this.#batches.shift();
  }

  /** The device refused this batch: nothing of it was done. */
  refused(batch: number, reason: RMSNormError): void {
    this.#spoiled = true;
    for (const { number, entries } of this.#batches) {
      if (number < batch) continue;
      const cause = number === batch ? (causeIn(entries) ?? reason) : null;
      for (const entry of entries) {
        // An upload reads nothing: it goes around the encoder, and is not refused with it.
        if (cause === null || entry.inputs === 0) spread(entry);
        else set(entry, cause);
      }
    }
    this.taken(batch);
  }
}

function causeIn(entries: readonly Entry[]): RMSNormError | null {
  for (const { blocks, fault } of entries) {
    for (const block of blocks) if (block?.memory.fault) return block.memory.fault;
    const own = fault?.();
    if (own) return own;
  }
  return null;
}

/** What is computed from spoiled contents is spoiled too; what is computed from good ones is good. */
function spread(entry: Entry): void {
  let taint: RMSNormError | null = null;
  for (let i = 0; i < entry.inputs && taint === null; i++) {
    const block = entry.blocks[i];
    if (block) taint = taintOf(block);
  }
  set(entry, taint);
}

function set(entry: Entry, taint: RMSNormError | null): void {
  if ('taint' in entry) entry.taint = taint;
  for (let i = entry.inputs; i < entry.blocks.length; i++) {
    const block = entry.blocks[i];
    if (block) setTaint(block, taint);
  }
}
