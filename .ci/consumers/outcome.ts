import { mkdir } from 'node:fs/promises';
import type { Answers, Consumer } from './consumer.ts';
import { Project } from './project.ts';
import type { Source } from './source.ts';

/** What became of a consumer. */
export interface Outcome {
  readonly consumer: Consumer;
  readonly answers: Answers;
  /** Null where all is as it must be. */
  readonly failure: string | null;
}

/** Installs and runs one, in a folder of its own. */
export async function outcomeOf(consumer: Consumer, dir: string, source: Source): Promise<Outcome> {
  try {
    await mkdir(dir, { recursive: true });
    const answers = await consumer.run(await Project.create(dir, consumer, source));
    const failure = failureOf(consumer, answers);
    // An answer may then lack what the table shows.
    return { consumer, answers: failure === null ? answers : {}, failure };
  } catch (error) {
    return { consumer, answers: {}, failure: (error as Error).message };
  }
}

function failureOf({ threads }: Consumer, answers: Answers): string | null {
  const wanted = threads === 'two' ? /^WebAssembly SIMD, 2 threads$/ : (threads ?? /^$/);
  const wrong = Object.entries(answers).filter(
    ([, answer]) =>
      answer !== null &&
      !(answer.backend === 'wasm' && Math.abs(answer.rms - 1) < 1e-5 && answer.same && wanted.test(answer.device)),
  );
  if (Object.keys(answers).length === 0) return 'it gave no answer';
  return wrong.length === 0 ? null : wrong.map(([way, answer]) => `${way}: ${JSON.stringify(answer)}`).join('\n');
}
