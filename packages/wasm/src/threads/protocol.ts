import { now } from './clock.ts';
import { FAILED, INSIDE, JOBS, OPEN, SLEEPING, STOPPED, WAITING } from './control.ts';
import { AS_USUAL, NOT_AT_ALL, Settling } from './settling.ts';

// How a job begins and ends. All accesses are sequentially consistent. Why this is right:
// - A worker first adds itself to INSIDE, then reads OPEN. The caller first clears OPEN, then reads INSIDE. So the caller waits
//   for every worker that works on the job, and a worker that wakes too late does not touch it.
// - A thread that goes to sleep first says so (SLEEPING, WAITING), then reads the word that wakes it once more. So the others
//   need not call notify, a system call, when nobody sleeps.

/** How many milliseconds to watch a word before sleeping. Waking a thread takes 4 to 50 microseconds. */
export const SPIN_MS = 0.05;
const LOOKS = 64;

/** Watches a word for a short while, at least until the time `least`. Returns whether it changed from `value`. */
function changesSoon(control: Int32Array, word: number, value: number, least = 0): boolean {
  for (let until = -1; ; ) {
    for (let i = 0; i < LOOKS; i++) if (Atomics.load(control, word) !== value) return true;
    const time = now();
    if (until < 0) until = Math.max(time + SPIN_MS, least);
    else if (time > until) return false;
  }
}

/**
 * The caller's side of a job: opens it, does its share, and returns when all chunks are done.
 * @param sleepers how many workers to wake; those that are awake take part anyway
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
 * A worker's side: waits for jobs and works on them. Returns when it is told to stop.
 * @param work does a share of the job; returns whether the caller, which had opened the job, had not begun with its share
 */
export function serveJobs(control: Int32Array, work: () => boolean): void {
  const settling = new Settling();
  let awake = AS_USUAL;
  // The first job may have begun already, since this worker said that it is ready.
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

/** Tells all workers to stop after their current chunk. */
export function stopWorkers(control: Int32Array): void {
  Atomics.store(control, STOPPED, 1);
  Atomics.add(control, JOBS, 1);
  Atomics.notify(control, JOBS);
}
