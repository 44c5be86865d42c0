// gpu-check run: the steps, within a time, and the report.

import { fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { missing, native, providerOn } from './built.mjs';
import { machineOf } from './machine.mjs';
import { markdownOf, verdictOf } from './report.mjs';
import { runSanitizers } from './sanitizers.mjs';
import { Peers } from './speed/peers.mjs';
import { rowsOf } from './speed/rows.mjs';
import { runSuite } from './suite/suite.mjs';

const STEP = fileURLToPath(new URL('step.mjs', import.meta.url));

/** Shares of the whole time: what runs first, at the same time; host and graphs; the end. The rest is the table's. */
const SHARE = { suite: 0.45, sanitizers: 0.4, compile: 0.35, host: 0.1, end: 0.05 };
/** Python processes that compile at the same time. */
const COMPILERS = 8;

/** Runs a step in a process of its own: its result, or { broken: why there is none }. */
function runStep(name, options, timeoutMs, log) {
  return new Promise((resolve) => {
    const child = fork(STEP, [JSON.stringify({ name, options })], { stdio: ['ignore', 'inherit', 'pipe', 'ipc'] });
    let answer = null;
    let said = '';
    const timer = setTimeout(() => {
      said = `it had not ended after ${Math.round(timeoutMs / 1000)} s`;
      child.kill('SIGKILL');
    }, timeoutMs);
    child.stderr.on('data', (text) => {
      said = (said + text).slice(-3000);
    });
    child.on('message', ({ log: line, result }) => {
      if (line) log(line);
      else answer = result;
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve(answer ?? { broken: `the process ended with ${signal ?? code}: ${said.trim()}` });
    });
  });
}

/** The emulated device whose bits a device should have, and why it may not have them all. */
function twinOf(device) {
  if (typeof device === 'string') return { twin: device, note: null };
  const { devices } = native.probe(null);
  const { major, multiprocessors } = devices.find(({ ordinal }) => ordinal === device);
  const arch = major >= 9 ? 'sm_90' : 'sm_80';
  const emulated = native.probe(arch).devices[0];
  const differs = multiprocessors !== emulated.multiprocessors;
  const note = differs
    ? `the emulated device has ${emulated.multiprocessors} multiprocessors, this one ${multiprocessors}: gradients of gamma and beta, summed in as many parts, may differ`
    : null;
  return { twin: `emulated ${arch}`, note };
}

/** How PyTorch is started. Without a GPU it runs where it was asked for by name, as a test of itself. */
function peersOf({ python, isEmulated }, folder) {
  if (isEmulated && python === 'python3') return null;
  const env = {
    TORCHINDUCTOR_CACHE_DIR: join(folder, 'inductor'),
    TRITON_CACHE_DIR: join(folder, 'triton'),
    TORCHINDUCTOR_COMPILE_THREADS: String(Math.max(1, Math.min(4, availableParallelism() >> 3))),
    PYTHONDONTWRITEBYTECODE: '1',
  };
  return isEmulated ? { python, env: { ...env, TRITON_INTERPRET: '1' }, args: ['--cpu'] } : { python, env, args: [] };
}

/** Compiles the peers' kernels while the processors have nothing better to do. */
async function compilePeers(peers, log, timeoutMs) {
  const count = Math.max(1, Math.min(COMPILERS, availableParallelism() >> 1));
  const rows = rowsOf(false);
  const parts = Array.from({ length: count }, (_, part) => rows.filter((_row, i) => i % count === part));
  const ends = parts.map(async (part) => {
    const started = await Peers.start(peers.python, peers.env, peers.args);
    return started.missing ?? started.compile(part, timeoutMs);
  });
  for (const problem of new Set(await Promise.all(ends))) if (problem) log(`PyTorch: ${problem}`);
}

/** What may run at the same time, as no times are taken. */
async function checksOf(options, peers, log) {
  const { device, steps, filter, seconds, isEmulated } = options;
  const { twin, note } = twinOf(device);
  const ms = (share) => share * seconds * 1000;
  const checks = {};
  const running = [];
  const begin = (name, promise) => running.push(promise.then((result) => (checks[name] = result)));
  if (steps.includes('suite'))
    begin(
      'suite',
      runSuite({ device, twin, filter, timeoutMs: ms(SHARE.suite), log }).then((suite) => ({ ...suite, twin, note })),
    );
  if (steps.includes('sanitizers')) begin('sanitizers', runSanitizers({ device, timeoutMs: ms(SHARE.sanitizers) }));
  if (steps.includes('speed') && peers && !isEmulated) running.push(compilePeers(peers, log, ms(SHARE.compile)));
  await Promise.all(running);
  return checks;
}

async function allSteps(options, folder, log) {
  const start = performance.now();
  const { device, steps, seconds, isEmulated } = options;
  const peers = peersOf(options, folder);
  const report = await checksOf(options, peers, log);
  log('suite and sanitizers are done');
  if (steps.includes('host'))
    report.host = await runStep('host', { device, isEmulated }, SHARE.host * seconds * 1000, log);
  if (steps.includes('speed')) {
    const left = seconds * (1 - SHARE.end) - (performance.now() - start) / 1000;
    const given = { device, isEmulated, seconds: Math.max(1, left - 0.03 * seconds), peers };
    report.speed = await runStep('speed', given, Math.max(10, left) * 1000, log);
  }
  return report;
}

function write(out, report) {
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'report.json'), `${JSON.stringify(report, null, 1)}\n`);
  writeFileSync(join(out, 'report.md'), markdownOf(report));
}

/** The exit status. */
export async function run(given) {
  const start = performance.now();
  const log = (line) => console.log(`[${((performance.now() - start) / 1000).toFixed(0)} s] ${line}`);
  const isEmulated = typeof given.device === 'string';
  const options = { ...given, isEmulated };
  const probed = missing ? { ok: false, ...missing } : await providerOn(given.device).probe();
  const report = {
    date: new Date().toISOString(),
    machine: machineOf(),
    emulated: isEmulated,
    steps: given.steps,
    filter: given.filter,
  };
  if (probed.ok) {
    report.device = probed.device;
    log(probed.device);
    const folder = mkdtempSync(join(tmpdir(), 'gpu-check-'));
    try {
      Object.assign(report, await allSteps(options, folder, log));
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    }
  } else {
    report.refused = `${probed.code}: ${probed.reason}: ${probed.hint}`;
  }
  report.seconds = Math.round((performance.now() - start) / 1000);
  report.problems = verdictOf(report);
  write(given.out, report);
  console.log(`\n${markdownOf(report)}\nWritten to ${given.out}`);
  return report.problems.length === 0 ? 0 : 1;
}
