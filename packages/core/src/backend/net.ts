// To register an object costs as much as to allocate a small tensor. So small ones share a registration: their memory is
// freed when the last of a bunch is gone. A tensor that lives on thus keeps less than 64 KiB of others from being freed.
const MOST_TENSORS = 16;
const MOST_BYTES = 64 * 1024;

/** The memory of a bunch of tensors, of each at its own place. */
interface Bunch<B> {
  /** Null where nothing is to be freed. */
  readonly buffers: (B | null)[];
  readonly bytes: number[];
  tensors: number;
  total: number;
}

/** Every live tensor of a bunch refers to this mark; once the mark is collected, no tensor of the bunch is left. */
export interface Mark<B> {
  readonly bunch: Bunch<B>;
}

/**
 * Frees the memory of tensors that nobody disposed of, some time after they were collected: a net, for the engine may
 * collect late or never. It refers to no tensor.
 */
export class Net<B> {
  readonly #registry: FinalizationRegistry<Bunch<B>> | null;
  /** The mark of the bunch that still takes tensors; dropped at the end of this turn of the event loop. */
  #open: Mark<B> | null = null;
  #closing = false;

  /** @param free called with what is left of a tensor that was dropped, from the event loop; it must not throw */
  constructor(free: (buffer: B, bytes: number) => void) {
    this.#registry =
      typeof FinalizationRegistry === 'function'
        ? new FinalizationRegistry(({ buffers, bytes, tensors }) => {
            for (let i = 0; i < tensors; i++) if (buffers[i] !== null) free(buffers[i]!, bytes[i]!);
          })
        : null;
  }

  /** Places what was allocated for a tensor: last in the bunch of the mark that is returned. */
  add(buffer: B, bytes: number): Mark<B> {
    let mark = this.#open;
    if (mark === null || mark.bunch.tensors >= MOST_TENSORS || mark.bunch.total + bytes > MOST_BYTES) {
      mark = this.#begin(bytes);
    }
    const { bunch } = mark;
    const place = bunch.tensors;
    bunch.buffers[place] = buffer;
    bunch.bytes[place] = bytes;
    bunch.tensors = place + 1;
    bunch.total += bytes;
    return mark;
  }

  /** The net will not free the buffer at this place. */
  forget({ bunch }: Mark<B>, place: number): void {
    bunch.buffers[place] = null;
  }

  /** Takes out what is disposed of. The next tensor gets its place where that was the last: most loops need one bunch. */
  remove({ bunch }: Mark<B>, place: number): number {
    const bytes = bunch.bytes[place]!;
    bunch.buffers[place] = null;
    if (place === bunch.tensors - 1) {
      bunch.tensors = place;
      bunch.total -= bytes;
    }
    return bytes;
  }

  /** A bunch for a tensor of so many bytes: a large one has its own. */
  #begin(bytes: number): Mark<B> {
    const bunch: Bunch<B> = { buffers: [], bytes: [], tensors: 0, total: 0 };
    const mark = { bunch };
    this.#registry?.register(mark, bunch);
    if (bytes >= MOST_BYTES) return mark;
    this.#open = mark;
    if (!this.#closing) {
      this.#closing = true;
      Promise.resolve().then(() => {
        this.#closing = false;
        this.#open = null;
      });
    }
    return mark;
  }
}
