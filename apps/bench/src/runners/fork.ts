import { type ChildProcess, fork } from 'node:child_process';
import type { Stage } from '../measure.ts';
import type { WorkloadResult } from '../results.ts';
import type { Answer, Question } from './messages.ts';
import type { Bench } from './watched.ts';

/**
 * A process of its own that runs `module`, which calls {@link answerParent}.
 * @throws Error where it ends before it is ready; what it printed stands on stderr
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
  let answered: (answer: Answer) => void = () => {};
  const next = (): Promise<Answer> =>
    new Promise((resolve) => {
      answered = resolve;
    });
  child.on('message', (answer: Answer) => ('stage' in answer ? onStage(answer.stage) : answered(answer)));
  const first = await Promise.race([next(), ended]);
  if (typeof first === 'string' || !('ready' in first)) throw new Error(`a bench did not begin: ${first}`);
  return {
    ...first.ready,
    ended,
    async measure({ id }, method, without) {
      const answer = next();
      await send(child, { id, method, without });
      const said = await answer;
      if ('result' in said) return said.result as WorkloadResult;
      throw new Error('error' in said ? said.error : `an answer to nothing: ${JSON.stringify(said)}`);
    },
    async end() {
      // A process that hangs hears nothing else.
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function send(child: ChildProcess, question: Question): Promise<void> {
  return new Promise((resolve, reject) => child.send(question, (error) => (error ? reject(error) : resolve())));
}
