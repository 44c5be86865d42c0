// addForward: a tile of sums is written, and normalized while it is in a cache, by forward itself.

import { FLOAT32 } from './dtype';
import { normalize } from './forward';
import { groups, setPart } from './problem';
import { dtype, loadRun, shift, storeRun } from './runs';
import { column, count, isContiguous, nextRun, nextTile, pitch, RUN, runAt, runIn, runLength, slab, startRuns, startTiles, tileIn, width } from './tiles';

/** @param own float32 memory for two runs. @param dense memory for a tile that is not contiguous, in the tensors' dtype */
export function addTiles(x: usize, residual: usize, sum: usize, y: usize, rstd: usize, own: usize, dense: usize): void {
  const first = own;
  const second = own + (<usize>RUN << 2);
  startTiles(1);
  while (nextTile()) {
    const contiguous = isContiguous();
    startRuns(RUN);
    while (nextRun()) {
      const at = runAt << shift();
      if (dtype === FLOAT32) {
        addFloat32(x + at, residual + at, sum + at, runLength);
      } else {
        // Rounded to float32 first: its 24 bits are enough that nothing changes.
        loadRun(x + at, first, runLength);
        loadRun(residual + at, second, runLength);
        addFloat32(first, second, first, runLength);
        storeRun(first, sum + at, runLength);
      }
      if (!contiguous) memory.copy(dense + (runIn << shift()), sum + at, <usize>runLength << shift());
    }
    const statistics = rstd ? rstd + ((<usize>slab * pitch + column) << 2) : 0;
    const from = contiguous ? tileIn(sum) : dense;
    setPart(from, contiguous ? tileIn(y) : dense, statistics, count, slab % groups, width);
    normalize(dtype);
    if (contiguous) continue;
    startRuns(RUN);
    while (nextRun()) {
      memory.copy(y + (runAt << shift()), dense + (runIn << shift()), <usize>runLength << shift());
    }
  }
}

export function addFloat32(a: usize, b: usize, to: usize, count: u32): void {
  const end = to + (<usize>count << 2);
  for (const blocks = to + (<usize>(count & ~15) << 2); to < blocks; a += 64, b += 64, to += 64) {
    const s0 = f32x4.add(v128.load(a), v128.load(b));
    const s1 = f32x4.add(v128.load(a, 16), v128.load(b, 16));
    const s2 = f32x4.add(v128.load(a, 32), v128.load(b, 32));
    const s3 = f32x4.add(v128.load(a, 48), v128.load(b, 48));
    v128.store(to, s0);
    v128.store(to, s1, 16);
    v128.store(to, s2, 32);
    v128.store(to, s3, 48);
  }
  for (; to + 16 <= end; a += 16, b += 16, to += 16) v128.store(to, f32x4.add(v128.load(a), v128.load(b)));
  for (; to < end; a += 4, b += 4, to += 4) store<f32>(to, load<f32>(a) + load<f32>(b));
}
