import { type DisposableLike, RMSNormError, show } from '@rmsnorm/core';
import type { Block } from './block.ts';
import { onDevice } from './device-errors.ts';
import type { NativeBackend } from './native.ts';

/** Work that was captured: launched again and again, it costs one call each time. */
export interface CudaGraph extends DisposableLike {
  /**
   * Enqueues the work.
   * @throws RMSNormError DISPOSED where the graph, the backend or a tensor of the work was disposed of, or a norm's gamma
   *   or beta uploaded again; DEVICE_LOST, DEVICE_ERROR; INVALID_OPTION within capture()
   */
  launch(): void;
  /** Frees the graph, not its tensors. Idempotent. */
  dispose(): void;
}

/** What is being captured. */
class Capture {
  readonly blocks = new Set<Block>();
  /** What was freed meanwhile: a free would become part of the graph. */
  readonly freed: Block[] = [];
}

/** Makes graphs, one at a time. */
export class Captures {
  readonly #native: NativeBackend;
  readonly #assertAlive: () => void;
  #running: Capture | null = null;

  /** @param assertAlive throws where the backend was disposed of */
  constructor(native: NativeBackend, assertAlive: () => void) {
    this.#native = native;
    this.#assertAlive = assertAlive;
  }

  /** Whether what is launched becomes part of a graph. */
  get running(): boolean {
    return this.#running !== null;
  }

  /** A launch uses these blocks. */
  note(blocks: readonly (Block | null)[]): void {
    for (const block of blocks) if (block !== null) this.#running!.blocks.add(block);
  }

  /** Frees it once the capture has ended. */
  postponeFree(block: Block): void {
    this.#running!.freed.push(block);
  }

  /** @throws RMSNormError INVALID_OPTION within a capture */
  refuse(what: string, wayOut: string): void {
    if (this.running) throw new RMSNormError('INVALID_OPTION', `within capture(), ${what}: ${wayOut}`);
  }

  capture(fn: () => void): CudaGraph {
    if (typeof fn !== 'function') {
      throw new RMSNormError('INVALID_OPTION', `capture() takes a function, got ${show(fn)}`);
    }
    this.refuse('another capture() cannot begin', 'call it before or after');
    const native = this.#native;
    onDevice(() => native.beginCapture());
    const capture = new Capture();
    this.#running = capture;
    try {
      callSynchronous(fn);
      const graph = onDevice(() => native.endCapture());
      return new Graph(native, graph, [...capture.blocks], () => this.#checkLaunch());
    } catch (error) {
      abandon(native);
      throw error;
    } finally {
      this.#running = null;
      for (const { address } of capture.freed) onDevice(() => native.free(address));
    }
  }

  #checkLaunch(): void {
    this.#assertAlive();
    this.refuse('a graph cannot be launched', 'launch it before or after');
  }
}

function callSynchronous(fn: () => void): void {
  const result: unknown = fn();
  if (typeof (result as PromiseLike<unknown> | undefined)?.then !== 'function') return;
  throw new RMSNormError(
    'INVALID_OPTION',
    'the function of capture() is async: what it enqueues after its first await would not be captured',
  );
}

/** Ends a capture after an error, which is what the caller is to see. */
function abandon(native: NativeBackend): void {
  try {
    native.disposeGraph(native.endCapture());
  } catch {
    // A capture that the driver has ended leaves no graph.
  }
}

class Graph implements CudaGraph {
  declare readonly [Symbol.dispose]: () => void;
  readonly #native: NativeBackend;
  readonly #blocks: readonly Block[];
  readonly #check: () => void;
  #graph: bigint | null;

  /** @param check throws where no graph can be launched now */
  constructor(native: NativeBackend, graph: bigint, blocks: readonly Block[], check: () => void) {
    this.#native = native;
    this.#graph = graph;
    this.#blocks = blocks;
    this.#check = check;
  }

  launch(): void {
    this.#check();
    const graph = this.#graph;
    if (graph === null) throw disposed('the graph was disposed of');
    if (this.#blocks.some(({ freed }) => freed)) {
      throw disposed("a tensor of the graph was disposed of, or a norm's gamma or beta uploaded again");
    }
    onDevice(() => this.#native.launchGraph(graph));
  }

  dispose(): void {
    const graph = this.#graph;
    this.#graph = null;
    if (graph === null) return;
    try {
      this.#native.disposeGraph(graph);
    } catch {
      // With its backend, or its device, it is gone already.
    }
  }
}

// Where Symbol.dispose does not exist, graphs must not get a method that is called 'undefined'.
if (typeof Symbol.dispose === 'symbol') {
  Object.defineProperty(Graph.prototype, Symbol.dispose, { value: Graph.prototype.dispose });
}

function disposed(what: string): RMSNormError {
  return new RMSNormError('DISPOSED', `${what}: capture() it again`);
}
