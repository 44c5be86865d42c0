import { type ChildProcess, fork } from 'node:child_process';
import type { Stage } from '../measure.ts';
import type { ChildMessage, MeasureRequest } from './messages.ts';
import type { Bench } from './watched.ts';

/**
 * A child process that runs `module`, which calls {@link measureForParent}.
 * @throws Error where it ends before it is ready, or says why it cannot measure; what it printed stands on stderr
 */
export async function forkBench(
  module: URL,
  threads: number,
  onStage: (stage: Stage) => void,
  env: Readonly<Record<string, string>> = {},
): Promise<Bench> {
  const child = fork(module, [String(threads)], {
    env: { ...process.env, ...env },
    serialization: 'advanced',
    stdio: ['ignore', 2, 2, 'ipc'],
  });
  const ended = new Promise<string>((resolve) => {
    child.once('error', ({ message }) => resolve(message));
    child.once('exit', (code, signal) => resolve(`its process ended with ${signal ?? `status ${code}`}`));
  });
  const end = async (): Promise<void> => {
    // A process that hangs hears no other signal.
    child.kill('SIGKILL');
    await ended;
  };
  let received: (message: ChildMessage) => void = () => {};
  const next = (): Promise<ChildMessage> =>
    new Promise((resolve) => {
      received = resolve;
    });
  child.on('message', (message: ChildMessage) => ('stage' in message ? onStage(message.stage) : received(message)));
  const first = await Promise.race([next(), ended]);
  if (typeof first === 'string') throw new Error(`a bench did not begin: ${first}`);
  if (!('ready' in first)) {
    await end();
    throw new Error('error' in first ? first.error : unexpected(first));
  }
  return {
    ...first.ready,
    ended,
    async measure({ id }, method, without) {
      const reply = next();
      await send(child, { id, method, without });
      const message = await reply;
      if ('result' in message) return message.result;
      throw new Error('error' in message ? message.error : unexpected(message));
    },
    end,
  };
}

function unexpected(message: ChildMessage): string {
  return `a message that was not expected: ${JSON.stringify(message)}`;
}

function send(child: ChildProcess, request: MeasureRequest): Promise<void> {
  return new Promise((resolve, reject) => child.send(request, (error) => (error ? reject(error) : resolve())));
}
