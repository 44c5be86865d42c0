// What the operations beside forward do with values when they enter, to be summed, and when they leave, having been scaled.
// Values are float32: a float32 tensor's are worked on where they are, others in scratch memory.

import { call, isFloat32 } from '../call';
import { addFloat32 } from '../elements/add';
import { loadRun, RUN, storeRun } from '../elements/runs';
import { multiplySilu } from '../elements/silu';
import { runOf } from '../scratch';

export const PLAIN: u32 = 0;
/** x + residual is written, and is what is normalized. */
export const ADD: u32 = 1;
/** x * silu(gate) is normalized. A float32 one is kept in y. */
export const GATE_FIRST: u32 = 2;
/** What has been normalized is multiplied by silu(gate). */
export const GATE_LAST: u32 = 3;
/** What has been normalized stays in memory, as float32. */
export const KEEP: u32 = 4;

/**
 * Says what a call does beside forward.
 * @param source what is summed and scaled: x, the sums of ADD, or the y of GATE_FIRST
 * @param target where values leave to
 */
export function setStage(stage: u32, source: usize, target: usize): void {
  call.stage = stage;
  call.source = source;
  call.target = target;
}

/** Whether there is something to do before values are summed. */
export function isEntered(): bool {
  return call.stage === ADD || call.stage === GATE_FIRST;
}

/** Brings a run into the memory at `v`; float32 stages work on the tensors instead. */
function enterRun(at: usize, v: usize, length: u32): void {
  const source = call.source + at;
  if (!isEntered()) {
    loadRun(source, v, length);
    return;
  }
  const direct = isFloat32();
  let a = call.x + at;
  let b = (call.stage === ADD ? call.residual : call.gate) + at;
  if (direct) {
    v = source;
  } else {
    loadRun(a, v, length);
    loadRun(b, runOf(), length);
    a = v;
    b = runOf();
  }
  if (call.stage === GATE_FIRST) {
    multiplySilu(a, b, v, length);
    return;
  }
  addFloat32(a, b, v, length);
  if (direct) return;
  // Rounded to float32 before: its 24 bits are enough that nothing changes.
  storeRun(v, source, length);
  // Contiguous rows are read by forward again.
  if (call.inner > 1) loadRun(source, v, length);
}

function leaveRun(v: usize, at: usize, length: u32): void {
  const target = call.target + at;
  if (call.stage === GATE_LAST) {
    const gate = call.gate + at;
    if (isFloat32()) {
      multiplySilu(v, gate, target, length);
      return;
    }
    loadRun(gate, runOf(), length);
    multiplySilu(v, runOf(), v, length);
  }
  storeRun(v, target, length);
}

/** What `pass` does: values enter; they are loaded once more from where they are kept in their dtype; they leave. */
export const ENTER: u32 = 0;
export const LOAD: u32 = 1;
export const LEAVE: u32 = 2;

/**
 * Takes through the stage `rows` rows of `columns`, at most RUN: in each tensor from `at` bytes behind its beginning on,
 * inner elements from one another; and at `v`, `stride` bytes from one another.
 */
export function pass(way: u32, at: usize, v: usize, stride: usize, columns: u32, rows: u32): void {
  let rest = columns * rows;
  let step = <usize>call.inner << call.shift;
  // Rows that lie one behind another are taken together.
  if (columns === call.inner && stride === <usize>columns << 2) {
    columns = min(RUN, rest);
    stride = <usize>columns << 2;
    step = <usize>columns << call.shift;
  }
  for (; rest > 0; at += step, v += stride) {
    const length = min(columns, rest);
    if (way === ENTER) enterRun(at, v, length);
    else if (way === LOAD) loadRun(call.source + at, v, length);
    else leaveRun(v, at, length);
    rest -= length;
  }
}
