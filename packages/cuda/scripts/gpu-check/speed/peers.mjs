// PyTorch's contenders: a Python process that is told by lines of JSON what to prepare and to measure, so that it and this process
// take turns.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../peers/peers.py', import.meta.url));
const START_MS = 60_000;
const PREPARE_MS = 60_000;
/** How long the last row may be prepared after the moment at which none begins. */
const LATE_MS = 8_000;
const MEASURE_MS = 10_000;
const LAST_WORDS_MS = 300;

/** A child that answers each line with one, on a pipe of its own: what libraries print goes elsewhere. */
class Child {
  #process;
  #waiting = null;
  #said = '';
  #ended = null;

  constructor(python, args, env) {
    this.#process = spawn(python, [SCRIPT, ...args], {
      env: { ...process.env, ...env },
      stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
    });
    this.#process.stderr.on('data', (text) => {
      this.#said = (this.#said + text).slice(-2000);
    });
    this.#process.stdin.on('error', () => {});
    this.#process.on('error', (error) => this.#end(error.message));
    this.#process.on('exit', (code, signal) => this.#onExit(signal ?? code));
    createInterface({ input: this.#process.stdio[3] }).on('line', (line) => this.#settle(JSON.parse(line)));
  }

  /** Why it has ended, or null. */
  get ended() {
    return this.#ended;
  }

  /** Its answer; or { error } where it failed, ended or was too late, which ends it. */
  ask(request, timeoutMs) {
    if (this.#ended !== null) return Promise.resolve({ error: this.#ended });
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#end(`python did not answer '${request.do}' within ${Math.round(timeoutMs / 1000)} s`);
        this.stop();
      }, timeoutMs);
      this.#waiting = (answer) => {
        clearTimeout(timer);
        resolve(answer);
      };
      this.#process.stdin.write(`${JSON.stringify(request)}\n`);
    });
  }

  /** It ends by itself, with all that it started, once it reads no more. */
  stop() {
    this.#process.stdin.end();
    setTimeout(() => this.#process.kill('SIGKILL'), 3000).unref();
  }

  /** What it started may outlive it for a while, and hold its pipes. */
  #onExit(how) {
    setTimeout(() => {
      this.#end(`python ended with ${how}: ${this.#lastWords()}`);
      for (const pipe of this.#process.stdio) pipe?.destroy();
    }, LAST_WORDS_MS);
  }

  #lastWords() {
    return this.#said.trim().split('\n').at(-1) ?? '';
  }

  #end(reason) {
    this.#ended ??= reason;
    this.#settle({ error: this.#ended });
  }

  #settle(answer) {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.(answer);
  }
}

export class Peers {
  #child;
  /** { python, torch, triton, cuda, device } */
  versions;

  /** @returns peers, or { missing } where there is no torch that sees a GPU */
  static async start(python, env, args = []) {
    const peers = new Peers();
    peers.#child = new Child(python, args, env);
    const versions = await peers.#child.ask({ do: 'hello' }, START_MS);
    if (versions.error) {
      peers.#child.stop();
      return { missing: versions.error };
    }
    peers.versions = versions;
    return peers;
  }

  get ended() {
    return this.#child.ended;
  }

  /**
   * @param until the moment at which no more rows begin
   * @returns { names: the contenders that are ready, errors: { name: why not } }
   */
  async prepare(row, { sets, calls }, until) {
    const timeoutMs = Math.min(PREPARE_MS, until - performance.now() + LATE_MS);
    const answer = await this.#child.ask({ do: 'prepare', row, sets, passes: calls / sets }, timeoutMs);
    return answer.error ? { names: [], errors: { all: answer.error } } : answer;
  }

  /** Milliseconds of a call; NaN where it failed. */
  async measure(name) {
    const { ms, error } = await this.#child.ask({ do: 'measure', name }, MEASURE_MS);
    return error ? Number.NaN : ms;
  }

  /** Compiles what the rows need, so that preparing them later is quick. */
  async compile(rows, timeoutMs) {
    const answer = await this.#child.ask({ do: 'compile', rows }, timeoutMs);
    this.stop();
    return answer.error ?? null;
  }

  stop() {
    this.#child.stop();
  }
}
