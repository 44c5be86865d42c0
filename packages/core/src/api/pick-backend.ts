import type { Backend, BackendProvider, ProbeResult } from '../backend/backend.ts';
import { type AbortSignalLike, throwIfAborted } from '../values/abort.ts';
import { isRMSNormError, RMSNormError } from '../values/errors.ts';
import { runtimeName } from './runtime.ts';

/** A provider, or what loads one: `() => import('@rmsnorm/webgpu').then((m) => m.webgpu())`. */
export type Candidate = BackendProvider | (() => Promise<BackendProvider>);

export type NamedProbe = ProbeResult & { readonly name: string };

export interface PickOptions {
  /** The name of the provider to take: an error where that one does not work. */
  readonly prefer?: string | undefined;
  readonly signal?: AbortSignalLike | undefined;
  /** Called with the outcome of each candidate that was tried, in order. */
  readonly onProbe?: ((probe: NamedProbe) => void) | undefined;
}

/**
 * The first candidate that works: a probe or a `create` that fails goes on to the next.
 * @throws RMSNormError NO_BACKEND with the reason of every candidate; `signal.reason` once aborted
 */
export async function pickBackend(
  candidates: readonly Candidate[],
  { prefer, signal, onProbe }: PickOptions = {},
): Promise<Backend> {
  const refused: RefusedProbe[] = [];
  const others: string[] = [];
  for (const [index, candidate] of candidates.entries()) {
    throwIfAborted(signal);
    const loaded = await load(candidate, index);
    if (prefer !== undefined && loaded.name !== prefer && 'provider' in loaded) {
      others.push(loaded.name);
      continue;
    }
    const outcome = 'provider' in loaded ? await start(loaded.provider, signal) : loaded;
    if ('backend' in outcome) {
      onProbe?.({ name: loaded.name, ok: true, device: outcome.backend.device });
      return outcome.backend;
    }
    onProbe?.(outcome);
    refused.push(outcome);
  }
  throw noBackend(candidates.length, refused, prefer, others);
}

type RefusedProbe = Extract<NamedProbe, { ok: false }>;

async function load(
  candidate: Candidate,
  index: number,
): Promise<{ name: string; provider: BackendProvider } | RefusedProbe> {
  if (typeof candidate !== 'function') return { name: candidate.name, provider: candidate };
  try {
    const provider = await candidate();
    return { name: provider.name, provider };
  } catch (error) {
    const name = candidate.name || `candidate ${index + 1}`;
    return { name, ok: false, code: 'MODULE_NOT_FOUND', reason: messageOf(error) };
  }
}

async function start(
  provider: BackendProvider,
  signal: AbortSignalLike | undefined,
): Promise<{ backend: Backend } | RefusedProbe> {
  const { name } = provider;
  try {
    const probe = await provider.probe();
    throwIfAborted(signal);
    if (!probe.ok) return { ...probe, name };
    const backend = await provider.create(signal ? { signal } : {});
    if (signal?.aborted) await backend.dispose();
    throwIfAborted(signal);
    return { backend };
  } catch (error) {
    throwIfAborted(signal);
    return { name, ok: false, code: isRMSNormError(error) ? error.code : 'DEVICE_ERROR', reason: messageOf(error) };
  }
}

function noBackend(
  count: number,
  refused: readonly RefusedProbe[],
  prefer: string | undefined,
  others: readonly string[],
): RMSNormError {
  const where = `(${runtimeName()})`;
  const width = (values: string[]): number => Math.max(0, ...values.map((value) => value.length));
  const names = width(refused.map(({ name }) => name));
  const codes = width(refused.map(({ code }) => code));
  const rows = refused.map(
    ({ name, code, reason, hint }) =>
      `\n  ${name.padEnd(names)}  ${code.padEnd(codes)}  ${reason}${hint === undefined ? '' : `: ${hint}`}`,
  );
  const head =
    prefer === undefined
      ? `none of ${count} backends is available ${where}`
      : refused.some(({ name }) => name === prefer)
        ? `backend '${prefer}' is not available ${where}`
        : `no candidate is called '${prefer}' ${where}; the others are ${others.join(', ') || 'none'}`;
  return new RMSNormError('NO_BACKEND', head + rows.join(''));
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return isRMSNormError(error) ? message.slice(`RMSNORM_${error.code}: `.length) : message;
}
