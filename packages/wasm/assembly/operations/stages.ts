// What the operations beside forward do with values when they enter, to be summed, and when they leave, having been scaled.
// Values are float32: a float32 tensor's are worked on where they are, others in scratch memory.

import { addFloat32 } from '../elements/add';
import { FLOAT32 } from '../elements/dtype';
import { inner } from '../problem';
import { dtype, loadRun, shift, storeRun } from '../elements/runs';
import { multiplySilu } from '../elements/silu';

export const PLAIN: i32 = 0;
/** x + the second tensor is written, and is what is normalized. */
export const ADD: i32 = 1;
/** x * silu(second) is normalized. A float32 one is kept in y. */
export const GATE_FIRST: i32 = 2;
/** What has been normalized is multiplied by silu(second). */
export const GATE_LAST: i32 = 3;
/** What has been normalized stays in memory, as float32. */
export const KEEP: i32 = 4;

/** Elements of a run that are done at a time. */
export const RUN: u32 = 4096;

export let stage: i32 = PLAIN;
let x: usize = 0;
let second: usize = 0;
/** What is summed and scaled: x, the sums of ADD, or the y of GATE_FIRST. */
let source: usize = 0;
let target: usize = 0;
/** Memory for a run as float32. */
let other: usize = 0;

export function setStage(stage_: i32, x_: usize, second_: usize, source_: usize, target_: usize): void {
  stage = stage_;
  x = x_;
  second = second_;
  source = source_;
  target = target_;
}

export function setOther(other_: usize): void {
  other = other_;
}

/** Whether there is something to do before values are summed. */
export function isEntered(): bool {
  return stage === ADD || stage === GATE_FIRST;
}

/** Brings a run into the memory at `v`; float32 stages work on the tensors instead. */
function enterRun(at: usize, v: usize, length: u32): void {
  if (!isEntered()) {
    loadRun(source + at, v, length);
    return;
  }
  const direct = dtype === FLOAT32;
  let a = x + at;
  let b = second + at;
  if (direct) {
    v = source + at;
  } else {
    loadRun(a, v, length);
    loadRun(b, other, length);
    a = v;
    b = other;
  }
  if (stage === GATE_FIRST) {
    multiplySilu(a, b, v, length);
    return;
  }
  addFloat32(a, b, v, length);
  if (direct) return;
  // Rounded to float32 before: its 24 bits are enough that nothing changes.
  storeRun(v, source + at, length);
  // Contiguous rows are read by forward again.
  if (inner > 1) loadRun(source + at, v, length);
}

function leaveRun(v: usize, at: usize, length: u32): void {
  if (stage === GATE_LAST) {
    const direct = dtype === FLOAT32;
    if (!direct) loadRun(second + at, other, length);
    multiplySilu(v, direct ? second + at : other, direct ? target + at : v, length);
    if (direct) return;
  }
  storeRun(v, target + at, length);
}

/** What `pass` does: values enter; they are loaded once more from where they are kept in their dtype; they leave. */
export const ENTER: i32 = 0;
export const LOAD: i32 = 1;
export const LEAVE: i32 = 2;

/**
 * Takes through the stage `rows` rows of `columns`, at most RUN: in each tensor from `at` bytes behind its beginning on,
 * inner elements from one another; and at `v`, `stride` bytes from one another.
 */
export function pass(way: i32, at: usize, v: usize, stride: usize, columns: u32, rows: u32): void {
  let rest = columns * rows;
  let step = <usize>inner << shift();
  // Rows that lie one behind another are taken together.
  if (columns === inner && stride === <usize>columns << 2) {
    columns = min(RUN, rest);
    stride = <usize>columns << 2;
    step = <usize>columns << shift();
  }
  for (; rest > 0; at += step, v += stride) {
    const length = min(columns, rest);
    if (way === ENTER) enterRun(at, v, length);
    else if (way === LOAD) loadRun(source + at, v, length);
    else leaveRun(v, at, length);
    rest -= length;
  }
}
