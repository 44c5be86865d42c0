import type { Backend, BackendProvider } from '@rmsnorm/core';
import { createSignal, settled } from '../../case/abort-signal.ts';
import type { Case } from '../../case/case.ts';
import { check, describeError } from '../../case/failure.ts';
import { verifyForward } from '../../operations/forward.ts';
import { inputsOf } from '../../operations/forward-spec.ts';
import { lifecycle, SPEC } from '../lifecycle/lifecycle-case.ts';

/** Backends that were asked for at the same time are as apart as any. */
export const creationsAtOnceCases: readonly Case[] = [
  lifecycle('created-at-once', async (subject) => {
    await withBackends(subject.provider, 3, async (backends) => {
      check(new Set(backends).size === backends.length, 'two create() at once gave one backend');
      const before = backends.map((backend) => backend.memory().bytes);
      const held = backends.map((backend, i) => backend.tensor(new Float32Array(100 + i), [100 + i]));
      for (const [i, backend] of backends.entries()) {
        const grown = backend.memory().bytes - before[i]!;
        check(grown < 2 * 4 * (100 + i), () => `memory() of backend ${i} counts ${grown} bytes for ${100 + i} numbers`);
      }
      for (const backend of backends) await verifyForward({ ...subject, backend }, inputsOf(SPEC, subject.random));
      held[0]!.dispose();
      await backends[0]!.dispose();
      for (const backend of backends.slice(1)) {
        await verifyForward({ ...subject, backend }, inputsOf(SPEC, subject.random));
      }
    });
  }),
  lifecycle('created-at-once-work-at-once', async (subject) => {
    await withBackends(subject.provider, 3, async (backends) => {
      const runs = Array.from({ length: 12 }, (_, i) => {
        const inputs = inputsOf(SPEC, subject.random);
        return settled(verifyForward({ ...subject, backend: backends[i % backends.length]! }, inputs));
      });
      for (const { error } of await Promise.all(runs)) if (error !== undefined) throw error;
    });
  }),
  lifecycle('created-while-another-is-disposed', async (subject) => {
    const first = await subject.provider.create();
    const [second, gone] = await Promise.all([settled(subject.provider.create()), settled(first.dispose())]);
    check(gone.error === undefined, () => `dispose() beside create(): ${describeError(gone.error)}`);
    check(second.value !== undefined, () => `create() beside dispose(): ${describeError(second.error)}`);
    try {
      await verifyForward({ ...subject, backend: second.value }, inputsOf(SPEC, subject.random));
    } finally {
      await second.value.dispose();
    }
  }),
  lifecycle('create-aborted-beside-another', async (subject) => {
    const signal = createSignal();
    const reason = new Error('no longer wanted');
    const aborted = settled(subject.provider.create({ signal }));
    const other = settled(subject.provider.create());
    signal.abort(reason);
    const [{ value, error }, kept] = [await aborted, await other];
    await value?.dispose();
    check(value !== undefined || error === reason, () => `an aborted create(): ${describeError(error)}`);
    check(kept.value !== undefined, () => `create() beside one that was aborted: ${describeError(kept.error)}`);
    try {
      await verifyForward({ ...subject, backend: kept.value }, inputsOf(SPEC, subject.random));
    } finally {
      await kept.value.dispose();
    }
  }),
];

/** Asks for some backends at once, and disposes of them whatever happens. */
async function withBackends(
  provider: BackendProvider,
  count: number,
  body: (backends: readonly Backend[]) => Promise<void>,
): Promise<void> {
  const asked = await Promise.all(Array.from({ length: count }, () => settled(provider.create())));
  const backends = asked.flatMap(({ value }) => (value ? [value] : []));
  try {
    for (const { error } of asked) if (error !== undefined) throw error;
    await body(backends);
  } finally {
    await Promise.all(backends.map((backend) => settled(backend.dispose())));
  }
}
