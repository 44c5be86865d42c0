// The conformance suite on the device, and its bits beside those of the emulated one, in several processes.

import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { listCases } from '@rmsnorm/conformance';

const PART = fileURLToPath(new URL('part.mjs', import.meta.url));
const MOST_PARTS = 12;

/** One process; resolves to why it did not finish, or null. */
function runPart(options, onCase, timeoutMs) {
  return new Promise((resolve) => {
    const child = fork(PART, [JSON.stringify(options)], { stdio: ['ignore', 'inherit', 'pipe', 'ipc'] });
    let said = '';
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    child.stderr.on('data', (text) => {
      said = (said + text).slice(-2000);
    });
    child.on('message', onCase);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (late) resolve(`a part of the suite had not ended after ${Math.round(timeoutMs / 1000)} s`);
      else if (code !== 0) resolve(`a part of the suite ended with ${signal ?? code}: ${said.trim()}`);
      else resolve(null);
    });
  });
}

/** { cases, passed, failed, skipped, failures, differences, outputs, hash, broken } */
export async function runSuite({ device, twin, filter, timeoutMs, log }) {
  const ids = listCases(filter || undefined).map(({ id }) => id);
  if (ids.length === 0) throw new Error(`no case matches '${filter}'`);
  const parts = Math.max(1, Math.min(MOST_PARTS, availableParallelism() - 1, ids.length));
  const done = new Map();
  const onCase = ({ result, bits }) => {
    done.set(result.id, { result, bits });
    if (result.status === 'fail') log(`FAIL  ${result.id}\n      ${result.message.replaceAll('\n', '\n      ')}`);
    if (bits.difference) log(`BITS  ${result.id}\n      ${bits.difference}`);
    if (done.size % 1000 === 0) log(`${done.size} of ${ids.length} cases`);
  };
  const running = Array.from({ length: parts }, (_, part) =>
    runPart({ device, twin, filter, part, parts }, onCase, timeoutMs),
  );
  const broken = (await Promise.all(running)).filter((problem) => problem !== null);
  return { ...summary(ids, done), broken };
}

function summary(ids, done) {
  const all = ids.filter((id) => done.has(id)).map((id) => done.get(id));
  const count = (status) => all.filter(({ result }) => result.status === status).length;
  const hash = createHash('sha256');
  for (const { result, bits } of all) hash.update(`${result.id} ${bits.hash}\n`);
  return {
    cases: ids.length,
    passed: count('pass'),
    failed: count('fail'),
    skipped: count('skip'),
    failures: all
      .filter(({ result }) => result.status === 'fail')
      .map(({ result }) => ({ id: result.id, message: result.message })),
    differences: all
      .filter(({ bits }) => bits.difference)
      .map(({ result, bits }) => ({ id: result.id, difference: bits.difference })),
    outputs: all.reduce((total, { bits }) => total + bits.outputs, 0),
    hash: hash.digest('hex'),
  };
}
