// What an operation does with values before they are summed (they enter) and after they were scaled (they leave). Values are float32.
// Those of a float32 tensor are worked on where they are, those of 16-bit tensors in scratch memory.

import { call, isFloat32 } from '../call';
import { addFloat32 } from '../elements/add';
import { loadRun, RUN, storeRun } from '../elements/runs';
import { multiplySilu } from '../elements/silu';
import { runMemory } from '../scratch';

/** Values enter and leave unchanged. */
export const NO_STAGE: u32 = 0;
/** Enter: x + residual is written to sum, which is then normalized. */
export const ADD: u32 = 1;
/** Enter: x * silu(gate), which is then normalized. In float32 it is written to y. */
export const GATE_FIRST: u32 = 2;
/** Leave: results are multiplied by silu(gate). */
export const GATE_LAST: u32 = 3;
/** Leave: results stay in scratch memory as float32. */
export const KEEP: u32 = 4;

/**
 * Sets the stage of the call.
 * @param source the tensor that is summed and scaled: x, or sum under ADD, or y under GATE_FIRST of float32
 * @param target the tensor that results are written to
 */
export function setStage(stage: u32, source: usize, target: usize): void {
  call.stage = stage;
  call.source = source;
  call.target = target;
}

/** Whether the stage changes values before they are summed. */
export function isEntered(): bool {
  return call.stage === ADD || call.stage === GATE_FIRST;
}

/** Lets a run enter, `at` bytes into the tensors. 16-bit values come to `v`; float32 values stay in the tensors. */
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
    loadRun(b, runMemory(), length);
    a = v;
    b = runMemory();
  }
  if (call.stage === GATE_FIRST) {
    multiplySilu(a, b, v, length);
    return;
  }
  addFloat32(a, b, v, length);
  if (direct) return;
  // The sum was rounded to float32 before. That has bits enough that rounding twice gives the same result.
  storeRun(v, source, length);
  // Contiguous rows are read again when they are normalized.
  if (call.inner > 1) loadRun(source, v, length);
}

/** Lets a run leave from `v`, `at` bytes into the tensors. */
function leaveRun(v: usize, at: usize, length: u32): void {
  const target = call.target + at;
  if (call.stage === GATE_LAST) {
    const gate = call.gate + at;
    if (isFloat32()) {
      multiplySilu(v, gate, target, length);
      return;
    }
    loadRun(gate, runMemory(), length);
    multiplySilu(v, runMemory(), v, length);
  }
  storeRun(v, target, length);
}

/** What `moveRows` does: values enter; or they are loaded again from `source`; or they leave to `target`. */
export const ENTER: u32 = 0;
export const LOAD: u32 = 1;
export const LEAVE: u32 = 2;

/**
 * Moves `rows` rows of `columns` elements, at most RUN, through the stage. In the tensors they begin `at` bytes from the start and lie
 * inner elements apart; at `v` they lie `stride` bytes apart.
 */
export function moveRows(way: u32, at: usize, v: usize, stride: usize, columns: u32, rows: u32): void {
  let rest = columns * rows;
  let step = <usize>call.inner << call.elementShift;
  // Consecutive rows are taken as runs.
  if (columns === call.inner && stride === <usize>columns << 2) {
    columns = min(RUN, rest);
    stride = <usize>columns << 2;
    step = <usize>columns << call.elementShift;
  }
  for (; rest > 0; at += step, v += stride) {
    const length = min(columns, rest);
    if (way === ENTER) enterRun(at, v, length);
    else if (way === LOAD) loadRun(call.source + at, v, length);
    else leaveRun(v, at, length);
    rest -= length;
  }
}
