// The table of speeds: for each row the contenders take turns, round by round, and the medians count.

import { native, nativeDevice, providerOn } from '../built.mjs';
import { Clock } from './clock.mjs';
import { figuresOf } from './judge.mjs';
import { EMULATED_POOL_BYTES, POOL_BYTES, prepareOurs } from './ours.mjs';
import { Inputs, Pool } from './pools.mjs';
import { rowsOf } from './rows.mjs';

const ROUNDS = 7;
const EMULATED_ROUNDS = 1;
/** Before the first figure of a row. */
const WARM_UP_MS = 60;

/** What rows are measured on. */
async function open(device, isEmulated) {
  const backend = await providerOn(device).create();
  const number = nativeDevice(device);
  const raw = native.open({ ...number, stream: backend.stream });
  const bytes = isEmulated ? EMULATED_POOL_BYTES : POOL_BYTES;
  return {
    backend,
    raw,
    inputs: new Inputs(raw, bytes),
    outputs: new Pool(raw, bytes),
    clock: new Clock(backend.stream, number),
    isEmulated,
    async close() {
      await new Promise((resolve) => raw.close(resolve));
      await backend.dispose();
    },
  };
}

/** Milliseconds of a call of each contender in each round; in every round another one begins. */
async function takeTurns(contenders, rounds) {
  const entries = Object.entries(contenders);
  const times = Object.fromEntries(entries.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < entries.length; i++) {
      const [name, measure] = entries[(i + round) % entries.length];
      times[name].push(await measure());
    }
  }
  return times;
}

async function measureRow(row, place, peers, until) {
  const ours = await prepareOurs(row, place);
  try {
    const { names, errors } = peers ? await peers.prepare(row, ours, until) : { names: [], errors: {} };
    const others = Object.fromEntries(names.map((name) => [name, () => peers.measure(name)]));
    warmUp(ours, place);
    const times = await takeTurns({ ...ours.contenders, ...others }, place.isEmulated ? EMULATED_ROUNDS : ROUNDS);
    for (const [contender, ms] of Object.entries(times)) {
      if (ms.every((value) => value > 0)) continue;
      if (contender in ours.contenders) throw new Error(`${contender} took ${ms.join(', ')} ms`);
      delete times[contender];
      errors[contender] ??= 'failed while it was measured';
    }
    const { name, op, dtype, target, read, written } = row;
    const said = { name, op, dtype, sets: ours.sets, calls: ours.calls, errors };
    if (place.isEmulated) return { ...said, contenders: Object.keys(times) };
    return { ...said, target, read, written, times, ...figuresOf(row, times) };
  } finally {
    ours.dispose();
  }
}

/** The clocks go down while rows are prepared. */
function warmUp({ contenders }, { isEmulated }) {
  const end = performance.now() + (isEmulated ? 0 : WARM_UP_MS);
  do contenders.ours();
  while (performance.now() < end);
}

/**
 * @param until the moment, as of performance.now(), at which the last row begins
 * @returns { rows, left: names of rows for which no time was left, failures }
 */
export async function runSpeed({ device, isEmulated, peers, until, log }) {
  const rows = rowsOf(isEmulated);
  const result = { rows: [], left: [], failures: [] };
  const place = await open(device, isEmulated);
  try {
    for (const [i, row] of rows.entries()) {
      if (performance.now() > until) {
        result.left = rows.slice(i).map(({ name }) => name);
        break;
      }
      try {
        result.rows.push(await measureRow(row, place, peers?.ended === null ? peers : null, until));
      } catch (error) {
        result.failures.push(`${row.name}: ${error.message}`);
      }
      if (i % 12 === 11) log(`${i + 1} of ${rows.length} rows`);
    }
  } finally {
    await place.close();
  }
  return result;
}
