// A step of the build: a command that makes one file. It is skipped where what it read and its command are what they were.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

const known = new Map();

/** The hash of a file; empty: there is none. */
function hashOf(path) {
  if (!known.has(path))
    known.set(path, existsSync(path) ? createHash('sha256').update(readFileSync(path)).digest('hex') : '');
  return known.get(path);
}

const hashes = (paths) => Object.fromEntries(paths.map((path) => [path, hashOf(path)]));

function isCurrent(output, record, command) {
  if (!existsSync(output) || !existsSync(record)) return false;
  const before = JSON.parse(readFileSync(record, 'utf8'));
  if (before.command !== command) return false;
  return Object.entries(before.read).every(([path, hash]) => hashOf(path) === hash);
}

function run(command, args) {
  return new Promise((resolved, rejected) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    child.stdout.on('data', (chunk) => (text += chunk));
    child.stderr.on('data', (chunk) => (text += chunk));
    child.on('error', rejected);
    child.on('close', (code) => {
      if (code === 0) resolved(text);
      else rejected(new Error(`${[command, ...args].join(' ')}\n${text}`));
    });
  });
}

/** The files that a compiler says it read, as far as they are ours. */
function filesRead(depfile, root) {
  const text = readFileSync(depfile, 'utf8').replaceAll('\\\n', ' ');
  const paths = text.slice(text.indexOf(':') + 1).split(/\s+/);
  return paths
    .filter(Boolean)
    .map((path) => resolve(path))
    .filter((path) => path.startsWith(root));
}

/**
 * @typedef {object} Step
 * @property {string} output
 * @property {string} program
 * @property {(output: string, depfile: string) => string[]} args
 * @property {string[]} [reads] what it reads beside what a depfile names
 * @property {string} [record] where it is noted what was read
 * @property {string} root files outside it are taken to stay as they are
 * @property {string} key what else the output depends on
 */

/**
 * Runs a step. Returns whether there was something to do. Two builds at once do not disturb each other: a file takes its place only when it is
 * whole.
 * @param {Step} step
 */
export async function runStep({ output, program, args, reads = [], record = `${output}.json`, root, key }) {
  const command = [key, program, ...args('OUTPUT', 'DEPFILE')].join(' ');
  if (isCurrent(output, record, command)) return false;
  mkdirSync(dirname(output), { recursive: true });
  const unfinished = `${output}.${process.pid}`;
  const depfile = `${unfinished}.d`;
  try {
    const text = await run(program, args(unfinished, depfile));
    if (text.trim()) process.stderr.write(text);
    const all = new Set([...reads, ...(existsSync(depfile) ? filesRead(depfile, root) : [])]);
    renameSync(unfinished, output);
    known.delete(output);
    writeFileSync(`${unfinished}.json`, JSON.stringify({ command, read: hashes([...all]) }));
    renameSync(`${unfinished}.json`, record);
  } finally {
    for (const left of [unfinished, depfile]) rmSync(left, { force: true });
  }
  return true;
}

/**
 * Runs steps, some at once. Returns how many had something to do.
 * @param {Step[]} steps
 * @param {number} atOnce
 */
export async function runSteps(steps, atOnce) {
  const waiting = [...steps];
  let done = 0;
  const worker = async () => {
    for (let step = waiting.shift(); step; step = waiting.shift()) if (await runStep(step)) done++;
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return done;
}
