import { type BackendProvider, checkedKeys, type Form, keysOf, type ProbeResult } from '@rmsnorm/core';
import { afterAll, beforeAll, describe, test } from 'vitest';
import type { Case } from './case/case.ts';
import type { Depth } from './case/depth.ts';
import { describeError } from './case/failure.ts';
import { listCases } from './cases/list.ts';
import { checkedDepth } from './plan/depth.ts';
import { type CaseResult, notRun } from './report/report.ts';
import type { Filter } from './run/filter.ts';
import { probed } from './run/probe.ts';
import { DEFAULT_SEED } from './run/run.ts';
import { checkTimeout, DEFAULT_TIMEOUT, openSession, type Session } from './run/session.ts';
import { unreachable } from './unreachable.ts';

export interface TestOptions {
  readonly filter?: Filter;
  readonly seed?: number;
  /** Milliseconds for one case; 60,000 unless given. */
  readonly timeout?: number;
  /** How much of the suite: 'default' unless given. */
  readonly depth?: Depth;
  /** Fails, instead of skipping, where the backend is not available: whether `RMSNORM_REQUIRE` names it, unless given. */
  readonly required?: boolean;
}

const OPTIONS: Form = {
  name: "testBackend's options",
  keys: keysOf<TestOptions>({ filter: true, seed: true, timeout: true, depth: true, required: true }),
};

/**
 * Registers the suite with Vitest: one test per case, named by its id, so that `vitest -t 'forward/values'` picks cases.
 *
 * Where the provider's probe says that it cannot run here, one skipped test carries the reason; or a failing one, where
 * `RMSNORM_REQUIRE` (backend names, comma separated) demands this backend.
 */
export function testBackend(provider: BackendProvider, given?: TestOptions): void {
  const options = checkedKeys(given, OPTIONS);
  const { filter, seed = DEFAULT_SEED, timeout = DEFAULT_TIMEOUT, required = requires(provider.name) } = options;
  const depth = checkedDepth(options.depth ?? 'default');
  checkTimeout(timeout);
  // The suite has its own limit, which names the cause; Vitest's must not come first.
  const limit = timeout + 10_000;

  describe(`conformance of ${provider.name}`, async () => {
    const probe = await probed(provider, timeout);
    if (probe instanceof Error) {
      test('the backend can be probed', () => {
        throw probe;
      });
      return;
    }
    if (!probe.ok) {
      reportAbsence(provider.name, probe, required);
      return;
    }
    let session: Session | undefined;
    let reason: string | null = null;
    beforeAll(async () => {
      try {
        session = await openSession(provider, { seed, timeout });
      } catch (error) {
        // Not thrown: Vitest would skip all cases without a word of it.
        reason = `the backend did not start: ${describeError(error)}`;
      }
    }, limit);
    /** The first case fails for want of a backend, and the rest is not run. */
    const withoutBackend = ({ id }: Case): CaseResult => {
      const message = reason ?? '';
      if (blamed) return notRun(id, message.split('\n', 1)[0]!);
      blamed = true;
      return { id, status: 'fail', message, ms: 0 };
    };
    let blamed = false;
    afterAll(async () => {
      const late = await session?.close();
      if (late !== undefined) throw new Error(`after the last case: ${late}`);
    }, limit);
    for (const entry of listCases(filter, depth)) {
      test(entry.id, { timeout: limit }, async ({ skip }) => {
        const { status, message } = session ? await session.run(entry) : withoutBackend(entry);
        switch (status) {
          case 'pass':
            return;
          case 'fail':
            throw new Error(message);
          case 'skip':
          case 'not-run':
            // Where cases are not run, others have failed.
            skip(message);
            return;
          default:
            unreachable(status);
        }
      });
    }
  });
}

function reportAbsence(name: string, { code, reason, hint }: ProbeResult & { ok: false }, required: boolean): void {
  const why = `${code}: ${reason}${hint ? ` (${hint})` : ''}`;
  if (required) {
    test(`${name} is required here`, () => {
      throw new Error(`backend '${name}' is not available: ${why}`);
    });
    return;
  }
  test(`${name} is not available here: ${why}`, ({ skip }) => skip(why));
}

/** Whether `RMSNORM_REQUIRE` names it: in Node's environment, or in a page in what Vitest's `test.env` hands on. */
function requires(name: string): boolean {
  const { process } = globalThis as { process?: { env?: Environment } };
  // Vite fills in `import.meta.env` where the source says just that.
  const env = (import.meta as { env?: Environment }).env;
  const names = process?.env?.RMSNORM_REQUIRE ?? env?.RMSNORM_REQUIRE ?? '';
  return names.split(',').some((entry) => entry.trim() === name);
}

type Environment = Readonly<Record<string, string | undefined>>;
