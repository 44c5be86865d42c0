import { now } from './clock.ts';
import { type Control, FAILED, INSIDE, JOBS, OPEN, SLEEPING, STOPPED, WAITING } from './control.ts';
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
function changesSoon(words: Int32Array, word: number, value: number, least = 0): boolean {
  for (let until = -1; ; ) {
    for (let i = 0; i < LOOKS; i++) if (Atomics.load(words, word) !== value) return true;
    const time = now();
    if (until < 0) until = Math.max(time + SPIN_MS, least);
    else if (time > until) return false;
  }
}

/**
 * The caller's side of a job that is written: opens it, does its own share, and returns when all is done.
 * @param sleepers how many workers to wake for it; those that are awake take part anyway
 */
export function runJob({ words }: Control, sleepers: number, maySleep: boolean, work: () => void): void {
  Atomics.store(words, OPEN, 1);
  Atomics.add(words, JOBS, 1);
  if (sleepers > 0) Atomics.notify(words, JOBS, sleepers);
  try {
    work();
  } finally {
    Atomics.store(words, OPEN, 0);
    waitForWorkers(words, maySleep);
  }
}

function waitForWorkers(words: Int32Array, maySleep: boolean): void {
  for (;;) {
    const inside = Atomics.load(words, INSIDE);
    if (inside === 0) return;
    if (changesSoon(words, INSIDE, inside) || !maySleep) continue;
    Atomics.store(words, WAITING, 1);
    Atomics.wait(words, INSIDE, inside);
    Atomics.store(words, WAITING, 0);
  }
}

/**
 * A worker's side: waits for jobs and works on each, until it is told to stop. Does not return before.
 * @param work says whether the caller had not begun, though it opened the job before
 */
export function serveJobs({ words }: Control, work: () => boolean): void {
  const settling = new Settling();
  let awake = AS_USUAL;
  // A job may have begun since this worker said that it is ready: then it takes part in that.
  for (let seen = 0; ; ) {
    if (awake === NOT_AT_ALL || !changesSoon(words, JOBS, seen, awake)) {
      Atomics.add(words, SLEEPING, 1);
      Atomics.wait(words, JOBS, seen);
      Atomics.sub(words, SLEEPING, 1);
    }
    seen = Atomics.load(words, JOBS);
    if (Atomics.load(words, STOPPED) === 1) return;
    Atomics.add(words, INSIDE, 1);
    try {
      if (Atomics.load(words, OPEN) === 1) awake = settling.after(work());
      else if (awake === NOT_AT_ALL) awake = AS_USUAL;
    } catch (error) {
      Atomics.store(words, FAILED, 1);
      throw error;
    } finally {
      Atomics.sub(words, INSIDE, 1);
      if (Atomics.load(words, WAITING) === 1) Atomics.notify(words, INSIDE);
    }
  }
}

/** Tells all workers to stop, as soon as they have done what they are at. */
export function stopWorkers({ words }: Control): void {
  Atomics.store(words, STOPPED, 1);
  Atomics.add(words, JOBS, 1);
  Atomics.notify(words, JOBS);
}
