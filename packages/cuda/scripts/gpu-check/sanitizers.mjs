// compute-sanitizer over a short run (short.mjs), where it is there.

import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROGRAM = 'compute-sanitizer';
const SHORT = fileURLToPath(new URL('short.mjs', import.meta.url));
const TOOLS = ['memcheck', 'racecheck'];
/** What it exits with where it found something; the program that it runs does not. */
const FOUND = 86;
/** What it says where it cannot work here at all. */
const UNSUPPORTED = /Device not supported|not supported on this|Unable to find injection library|Failed to initialize/i;

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Toolkits are often installed beside the PATH. */
function find() {
  const installed = existsSync('/usr/local')
    ? readdirSync('/usr/local')
        .filter((name) => name.startsWith('cuda'))
        .map((name) => `/usr/local/${name}`)
    : [];
  const roots = [process.env.CUDA_HOME, '/opt/cuda', ...installed].filter(Boolean);
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    ...roots.flatMap((root) => [join(root, 'bin'), join(root, 'compute-sanitizer')]),
  ];
  return folders.map((folder) => join(folder, PROGRAM)).find(isExecutable);
}

/** { code, text } of a command that is ended after some time; a code of null: that is what happened. */
function spawned(command, args, timeoutMs) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let text = '';
    const collect = (chunk) => {
      text = (text + chunk).slice(-20_000);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      process.kill(-child.pid, 'SIGKILL'); // the program that it runs, too
    }, timeoutMs);
    child.on('error', (error) => {
      text += error.message;
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code: late ? null : (code ?? -1), text });
    });
  });
}

/** { status: 'clean' | 'found' | 'unavailable' | 'unfinished' | 'failed', words } */
function verdictOf({ code, text }, timeoutMs) {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const summary = lines.filter((line) => /SUMMARY/.test(line)).map((line) => line.replace(/^=+\s*/, ''));
  const done = lines.find((line) => line.startsWith('short run:'));
  if (code === null) return { status: 'unfinished', words: `had not ended after ${Math.round(timeoutMs / 1000)} s` };
  if (code === FOUND) return { status: 'found', words: [...summary, ...lines.slice(0, 40)].join('\n') };
  if (UNSUPPORTED.test(text))
    return { status: 'unavailable', words: `it cannot work here: ${lines.find((line) => UNSUPPORTED.test(line))}` };
  if (code !== 0 || done === undefined)
    return { status: 'failed', words: `exit code ${code}: ${lines.slice(-6).join('\n')}` };
  if (summary.length === 0) return { status: 'failed', words: 'it says nothing of what it found' };
  return { status: 'clean', words: `${summary.join('; ')}; ${done}` };
}

/** The short run by itself, where nothing can watch it. */
async function runAlone(reason, [program, ...args], timeoutMs) {
  const { code, text } = await spawned(program, args, timeoutMs);
  const unavailable = TOOLS.map((tool) => [tool, { status: 'unavailable', words: reason }]);
  const alone = { status: code === 0 ? 'clean' : 'failed', words: text.trim().split('\n').at(-1) };
  return { found: null, tools: { ...Object.fromEntries(unavailable), 'without it': alone } };
}

/** { found: its path or null, tools: { memcheck: { status, words }, ... } } */
export async function runSanitizers({ device, timeoutMs }) {
  const path = find();
  const short = [process.execPath, SHORT, String(device)];
  if (typeof device === 'string') return runAlone('not for an emulated device', short, timeoutMs);
  if (!path) return runAlone(`${PROGRAM} is not there (looked in PATH and in /usr/local/cuda*/bin)`, short, timeoutMs);
  const runs = TOOLS.map(async (tool) => {
    const args = ['--tool', tool, '--error-exitcode', String(FOUND), '--report-api-errors', 'no'];
    return [tool, verdictOf(await spawned(path, [...args, ...short], timeoutMs), timeoutMs)];
  });
  return { found: path, tools: Object.fromEntries(await Promise.all(runs)) };
}
