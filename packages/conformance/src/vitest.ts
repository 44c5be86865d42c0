import type { BackendProvider, ProbeResult } from '@rmsnorm/core';
import { afterAll, beforeAll, describe, test } from 'vitest';
import type { Filter } from './filter.ts';
import { listCases } from './list.ts';
import { DEFAULT_SEED } from './run.ts';
import { openSession, type Session } from './session.ts';

export interface TestOptions {
  readonly filter?: Filter;
  readonly seed?: number;
  /** Milliseconds for one case; 60,000 unless given. */
  readonly timeout?: number;
}

/**
 * Registers the suite with Vitest: one test per case, named by its id, so that `vitest -t 'forward/values'` picks cases.
 *
 * Where the provider's probe says that it cannot run here, one skipped test carries the reason; or a failing one, where
 * `RMSNORM_REQUIRE` (backend names, comma separated) demands this backend.
 */
export function testBackend(provider: BackendProvider, options: TestOptions = {}): void {
  const { filter, seed = DEFAULT_SEED, timeout = 60_000 } = options;

  describe(`conformance of ${provider.name}`, async () => {
    const probe = await provider.probe();
    if (!probe.ok) {
      reportAbsence(provider.name, probe);
      return;
    }
    let session: Session | undefined;
    beforeAll(async () => {
      session = await openSession(provider, { seed, timeout });
    });
    afterAll(async () => {
      await session?.close();
    });
    for (const entry of listCases(filter)) {
      // The session has its own limit, which names the cause; Vitest's must not come first.
      test(entry.id, { timeout: timeout + 10_000 }, async ({ skip }) => {
        const { status, message } = await session!.run(entry);
        if (status === 'skip') skip(message);
        if (status === 'fail') throw new Error(message);
      });
    }
  });
}

function reportAbsence(name: string, { code, reason, hint }: ProbeResult & { ok: false }): void {
  const why = `${code}: ${reason}${hint ? ` (${hint})` : ''}`;
  if (required().includes(name)) {
    test(`${name} is required here (RMSNORM_REQUIRE)`, () => {
      throw new Error(`backend '${name}' is not available: ${why}`);
    });
    return;
  }
  test.skip(`${name} is not available here: ${why}`, () => {});
}

/** `RMSNORM_REQUIRE` of Node's environment, or of Vite's in a browser. */
function required(): string[] {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  const { env } = import.meta as { env?: Record<string, string | undefined> };
  const names = process?.env?.RMSNORM_REQUIRE ?? env?.RMSNORM_REQUIRE ?? '';
  return names.split(',').map((name) => name.trim());
}
