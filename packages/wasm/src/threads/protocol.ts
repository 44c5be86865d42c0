import { now } from './clock.ts';
import { FAILED, INSIDE, JOBS, OPEN, SLEEPING, STOPPED, WAITING } from './control.ts';
import { AS_USUAL, NOT_AT_ALL, Settling } from './settling.ts';

// How a job begins and ends. All accesses here are sequentially consistent, and these are the reasons why it is right:
// - a worker first counts itself into INSIDE, then looks at OPEN; the caller first closes OPEN, then looks at INSIDE. So
//   whoever reads a job is waited for, and who comes too late does not read it: a worker that is slow to wake costs nothing;
// - who goes to sleep says so (SLEEPING, WAITING) before the word that wakes it is looked at for the last time, so that
//   notify, which is a system call, is left out where nobody sleeps.

// How long to watch a word before sleeping, in milliseconds: waking somebody takes 4 to 50 microseconds.
export const SPIN_MS = 0.05;
const LOOKS = 64;

/** Watches a word for a short while, at least until `least`: whether it is no longer `value`. */
function changesSoon(control: Int32Array, word: number, value: number, least = 0): boolean {
  for (let until = -1; ; ) {
    for (let i = 0; i < LOOKS; i++) if (Atomics.load(control, word) !== value) return true;
    const time = now();
    if (until < 0) until = Math.max(time + SPIN_MS, least);
    else if (time > until) return false;
  }
}

/**
 * The caller's side of a job that is written: opens it, does its own share, and returns when all is done.
 * @param sleepers how many workers to wake for it; those that are awake take part anyway
 */
export function runJob(control: Int32Array, sleepers: number, maySleep: boolean, work: () => void): void {
  Atomics.store(control, OPEN, 1);
  Atomics.add(control, JOBS, 1);
  if (sleepers > 0) Atomics.notify(control, JOBS, sleepers);
  try {
    work();
  } finally {
    Atomics.store(control, OPEN, 0);
    waitForWorkers(control, maySleep);
  }
}

function waitForWorkers(control: Int32Array, maySleep: boolean): void {
  for (;;) {
    const inside = Atomics.load(control, INSIDE);
    if (inside === 0) return;
    if (changesSoon(control, INSIDE, inside) || !maySleep) continue;
    Atomics.store(control, WAITING, 1);
    Atomics.wait(control, INSIDE, inside);
    Atomics.store(control, WAITING, 0);
  }
}

/**
 * A worker's side: waits for jobs and works on each, until it is told to stop. Does not return before.
 * @param work says whether the caller had not begun, though it opened the job before
 */
export function serveJobs(control: Int32Array, work: () => boolean): void {
  const settling = new Settling();
  let awake = AS_USUAL;
  // A job may have begun since this worker said that it is ready: then it takes part in that.
  for (let seen = 0; ; ) {
    if (awake === NOT_AT_ALL || !changesSoon(control, JOBS, seen, awake)) {
      Atomics.add(control, SLEEPING, 1);
      Atomics.wait(control, JOBS, seen);
      Atomics.sub(control, SLEEPING, 1);
    }
    seen = Atomics.load(control, JOBS);
    if (Atomics.load(control, STOPPED) === 1) return;
    Atomics.add(control, INSIDE, 1);
    try {
      if (Atomics.load(control, OPEN) === 1) awake = settling.after(work());
      else if (awake === NOT_AT_ALL) awake = AS_USUAL;
    } catch (error) {
      Atomics.store(control, FAILED, 1);
      throw error;
    } finally {
      Atomics.sub(control, INSIDE, 1);
      if (Atomics.load(control, WAITING) === 1) Atomics.notify(control, INSIDE);
    }
  }
}

/** Tells all workers to stop, as soon as they have done what they are at. */
export function stopWorkers(control: Int32Array): void {
  Atomics.store(control, STOPPED, 1);
  Atomics.add(control, JOBS, 1);
  Atomics.notify(control, JOBS);
}
