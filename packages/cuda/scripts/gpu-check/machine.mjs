// The machine, in words.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, release } from 'node:os';

const QUERY = ['clocks.sm', 'clocks.mem', 'temperature.gpu', 'power.draw', 'pstate'];

/** Clocks and the like at this moment, by nvidia-smi; null: it is not there. */
export function machineNow() {
  const { status, stdout } = spawnSync('nvidia-smi', [`--query-gpu=${QUERY.join(',')}`, '--format=csv,noheader'], {
    encoding: 'utf8',
    timeout: 10_000,
  });
  return status === 0 ? stdout.trim().split('\n')[0] : null;
}

export function machineOf() {
  return {
    system: `${process.platform} ${release()}`,
    cpu: `${cpus()[0]?.model.trim() ?? 'unknown'}, ${availableParallelism()} cores`,
    node: process.version,
    commit: packedFrom(),
  };
}

/** What the folder was packed from; null: it was not packed. */
export function packedFrom() {
  const path = new URL('packed.json', import.meta.url);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).commit : null;
}
