import { type BackendProvider, checkedKeys, type Form, keysOf, type ProbeResult } from '@rmsnorm/core';
import { afterAll, beforeAll, describe, test } from 'vitest';
import type { Depth } from './case/depth.ts';
import { listCases } from './cases/list.ts';
import { checkedDepth } from './plan/depth.ts';
import type { Filter } from './run/filter.ts';
import { DEFAULT_SEED } from './run/run.ts';
import { openSession, type Session } from './run/session.ts';

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
  const { filter, seed = DEFAULT_SEED, timeout = 60_000, required = requires(provider.name) } = options;
  const depth = checkedDepth(options.depth ?? 'default');

  describe(`conformance of ${provider.name}`, async () => {
    const probe = await provider.probe();
    if (!probe.ok) {
      reportAbsence(provider.name, probe, required);
      return;
    }
    let session: Session | undefined;
    beforeAll(async () => {
      session = await openSession(provider, { seed, timeout });
    });
    afterAll(async () => {
      await session?.close();
    });
    for (const entry of listCases(filter, depth)) {
      // The session has its own limit, which names the cause; Vitest's must not come first.
      test(entry.id, { timeout: timeout + 10_000 }, async ({ skip }) => {
        const { status, message } = await session!.run(entry);
        if (status === 'skip') skip(message);
        if (status === 'fail') throw new Error(message);
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
  test.skip(`${name} is not available here: ${why}`, () => {});
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
