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
  readonly stream: bigint;
  readonly by: Captures;
  readonly blocks = new Set<Block>();
  /** What waits for its end, as it would become part of the graph. */
  readonly postponed: (() => void)[] = [];

  constructor(stream: bigint, by: Captures) {
    this.stream = stream;
    this.by = by;
  }
}

/** All that go on, of all backends: several may share a stream. */
const captures: Capture[] = [];

/** The streams that CUDA has without anybody making one: CU_STREAM_LEGACY is 1. */
const DEFAULT_STREAMS: readonly bigint[] = [0n, 1n];

/** Makes graphs, one at a time. */
export class Captures {
  readonly #native: NativeBackend;

  constructor(native: NativeBackend) {
    this.#native = native;
  }

  /** Whether what is launched becomes part of a graph. */
  get running(): boolean {
    return captures.length > 0 && this.#ofStream() !== undefined;
  }

  /**
   * A launch within the capture uses these blocks.
   * @throws RMSNormError INVALID_OPTION where another backend captures the stream, as it would not know them
   */
  note(blocks: readonly (Block | null)[]): void {
    const capture = this.#ofStream()!;
    if (capture.by !== this) {
      throw new RMSNormError(
        'INVALID_OPTION',
        'another backend captures this stream: call its capture() with tensors of its own, or wrap(tensor.buffer)',
      );
    }
    for (const block of blocks) if (block !== null) capture.blocks.add(block);
  }

  /** Calls `free` now, or once the capture has ended. */
  afterwards(free: () => void): void {
    if (this.running) this.#ofStream()!.postponed.push(free);
    else free();
  }

  /** @throws RMSNormError INVALID_OPTION within a capture */
  refuse(what: string, wayOut: string): void {
    if (this.running) throw new RMSNormError('INVALID_OPTION', `within capture(), ${what}: ${wayOut}`);
  }

  #ofStream(): Capture | undefined {
    return captures.find(({ stream }) => stream === this.#native.stream);
  }

  /** @param assertAlive throws where the backend was disposed of */
  capture(fn: () => void, assertAlive: () => void): CudaGraph {
    if (typeof fn !== 'function') {
      throw new RMSNormError('INVALID_OPTION', `capture() takes a function, got ${show(fn)}`);
    }
    this.refuse('another capture() cannot begin', 'call it before or after');
    const native = this.#native;
    if (DEFAULT_STREAMS.includes(native.stream)) {
      throw new RMSNormError(
        'INVALID_OPTION',
        `CUDA captures no default stream, and this backend is on ${native.stream}n: leave cuda({ stream }) out, or give one of cuStreamCreate`,
      );
    }
    onDevice(() => native.beginCapture());
    const capture = new Capture(native.stream, this);
    captures.push(capture);
    try {
      callSynchronous(fn);
      const graph = onDevice(() => native.endCapture());
      return new Graph(native, graph, [...capture.blocks], {
        checkLaunch: () => {
          assertAlive();
          this.refuse('a graph cannot be launched', 'launch it before or after');
        },
        afterwards: (free) => this.afterwards(free),
      });
    } catch (error) {
      abandon(native);
      throw error;
    } finally {
      captures.splice(captures.indexOf(capture), 1);
      for (const free of capture.postponed) free();
    }
  }
}

function callSynchronous(fn: () => void): void {
  const result: unknown = fn();
  if (typeof (result as PromiseLike<unknown> | undefined)?.then !== 'function') return;
  // The caller does not get the promise: that it rejects is nobody's concern.
  Promise.resolve(result).catch(() => {});
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

/** What a graph must know of its backend. */
interface LaunchRules {
  /** @throws RMSNormError where no graph can be launched now */
  checkLaunch(): void;
  /** Calls `free` now, or once a capture has ended. */
  afterwards(free: () => void): void;
}

class Graph implements CudaGraph {
  declare readonly [Symbol.dispose]: () => void;
  readonly #native: NativeBackend;
  readonly #blocks: readonly Block[];
  readonly #rules: LaunchRules;
  #graph: bigint | null;

  constructor(native: NativeBackend, graph: bigint, blocks: readonly Block[], rules: LaunchRules) {
    this.#native = native;
    this.#graph = graph;
    this.#blocks = blocks;
    this.#rules = rules;
  }

  launch(): void {
    this.#rules.checkLaunch();
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
    this.#rules.afterwards(() => {
      try {
        this.#native.disposeGraph(graph);
      } catch {
        // With its backend, or its device, it is gone already.
      }
    });
  }
}

// Where Symbol.dispose does not exist, graphs must not get a method that is called 'undefined'.
if (typeof Symbol.dispose === 'symbol') {
  Object.defineProperty(Graph.prototype, Symbol.dispose, { value: Graph.prototype.dispose });
}

function disposed(what: string): RMSNormError {
  return new RMSNormError('DISPOSED', `${what}: capture() it again`);
}
