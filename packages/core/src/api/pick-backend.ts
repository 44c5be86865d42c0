import type { Backend, BackendProvider, ProbeResult } from '../backend/backend.ts';
import { type AbortSignalLike, checkedSignal, throwIfAborted } from '../values/abort.ts';
import { isRMSNormError, RMSNormError } from '../values/errors.ts';
import { checkedKeys, type Form, keysOf } from '../values/keys.ts';
import { reading } from '../values/reading.ts';
import { messageOf, show, showText } from '../values/show.ts';
import { runtimeName } from './runtime.ts';

/** A provider, or what loads one: `() => import('@rmsnorm/webgpu').then((m) => m.webgpu())`. */
export type Candidate<B extends Backend = Backend> = BackendProvider<B> | (() => Promise<BackendProvider<B>>);

/** The backend that a candidate starts. */
export type BackendOf<C> =
  C extends BackendProvider<infer B> ? B : C extends () => Promise<BackendProvider<infer B>> ? B : never;

export type NamedProbe = ProbeResult & { readonly name: string };

export interface PickOptions {
  /** The name of the provider to take: an error where that one does not work. */
  readonly prefer?: string | undefined;
  readonly signal?: AbortSignalLike | undefined;
  /** Called with the outcome of each candidate that was tried, in order. */
  readonly onProbe?: ((probe: NamedProbe) => void) | undefined;
}

const OPTIONS: Form = {
  name: "pickBackend's options",
  keys: keysOf<PickOptions>({ prefer: true, signal: true, onProbe: true }),
};

/** Characters of a reason that another program gave. */
const MOST_OF_A_REASON = 400;
const MOST_OF_A_NAME = 60;

/**
 * The first candidate that works: a probe or a `create` that fails goes on to the next.
 * @throws RMSNormError NO_BACKEND with the reason of every candidate; INVALID_OPTION; `signal.reason` once aborted
 */
export async function pickBackend<C extends Candidate>(
  candidates: readonly C[],
  options?: PickOptions,
): Promise<BackendOf<C>> {
  const { prefer, signal, onProbe } = checkedOptions(options);
  const refused: RefusedProbe[] = [];
  const others: string[] = [];
  for (const [index, candidate] of checkedCandidates(candidates).entries()) {
    throwIfAborted(signal);
    const loaded = await load(candidate, index);
    if (prefer !== undefined && loaded.name !== prefer && 'provider' in loaded) {
      others.push(loaded.name);
      continue;
    }
    const outcome = 'provider' in loaded ? await start(loaded.provider, signal) : loaded;
    if ('backend' in outcome) {
      onProbe?.({ name: loaded.name, ok: true, device: outcome.backend.device });
      return outcome.backend as BackendOf<C>;
    }
    onProbe?.(outcome);
    refused.push(outcome);
  }
  throw noBackend(candidates.length, refused, prefer, others);
}

type RefusedProbe = Extract<NamedProbe, { ok: false }>;

function checkedOptions(given: PickOptions | undefined): PickOptions {
  const options = checkedKeys(given, OPTIONS);
  const { prefer, signal, onProbe } = options;
  if (prefer !== undefined && typeof prefer !== 'string') {
    throw invalid(`prefer must be the name of a provider, got ${show(prefer)}`);
  }
  if (onProbe !== undefined && typeof onProbe !== 'function') {
    throw invalid(`onProbe must be a function, got ${show(onProbe)}`);
  }
  checkedSignal(signal);
  return options;
}

function checkedCandidates(candidates: readonly Candidate[]): readonly Candidate[] {
  return reading('the candidates', 'INVALID_OPTION', () => listOf(candidates));
}

function listOf(candidates: readonly Candidate[]): readonly Candidate[] {
  if (!Array.isArray(candidates)) throw invalid(`pickBackend() takes an array of candidates, got ${show(candidates)}`);
  for (const [index, candidate] of candidates.entries()) {
    if (typeof candidate === 'function' || isProvider(candidate)) continue;
    throw invalid(`candidate ${index + 1} is neither a provider nor a function that loads one: ${show(candidate)}`);
  }
  return candidates;
}

function isProvider(value: unknown): value is BackendProvider {
  if (typeof value !== 'object' || value === null) return false;
  const { name, probe, create } = value as Partial<BackendProvider>;
  return typeof name === 'string' && typeof probe === 'function' && typeof create === 'function';
}

async function load(
  candidate: Candidate,
  index: number,
): Promise<{ name: string; provider: BackendProvider } | RefusedProbe> {
  if (typeof candidate !== 'function') return { name: candidate.name, provider: candidate };
  const name = nameOf(candidate) || `candidate ${index + 1}`;
  try {
    const provider: unknown = await candidate();
    if (isProvider(provider)) return { name: provider.name, provider };
    const reason = `no provider came of it, but ${show(provider)}`;
    const hint = "a module is none: () => import('@rmsnorm/wasm').then((m) => m.wasm())";
    return { name, ok: false, code: 'MODULE_NOT_FOUND', reason, hint };
  } catch (error) {
    return { name, ok: false, code: 'MODULE_NOT_FOUND', reason: reasonOf(error) };
  }
}

/** Of a function, which may be a Proxy. */
function nameOf(candidate: () => unknown): string {
  const name: unknown = reading('a candidate', 'INVALID_OPTION', () => candidate.name);
  return typeof name === 'string' ? name : '';
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
    if (typeof backend !== 'object' || backend === null) {
      return { name, ok: false, code: 'DEVICE_ERROR', reason: `create() gave no backend, but ${show(backend)}` };
    }
    if (signal?.aborted) await backend.dispose();
    throwIfAborted(signal);
    return { backend };
  } catch (error) {
    throwIfAborted(signal);
    return { name, ok: false, code: isRMSNormError(error) ? error.code : 'DEVICE_ERROR', reason: reasonOf(error) };
  }
}

function noBackend(
  count: number,
  refused: readonly RefusedProbe[],
  prefer: string | undefined,
  others: readonly string[],
): RMSNormError {
  const where = `(${runtimeName()})`;
  const rows = refused.map(({ name, code, reason, hint }) => ({
    name: textOf(name, MOST_OF_A_NAME),
    code: textOf(code, MOST_OF_A_NAME),
    why: textOf(reason, MOST_OF_A_REASON) + (hint === undefined ? '' : `: ${textOf(hint, MOST_OF_A_REASON)}`),
  }));
  const names = Math.max(0, ...rows.map(({ name }) => name.length));
  const codes = Math.max(0, ...rows.map(({ code }) => code.length));
  const table = rows.map(({ name, code, why }) => `\n  ${name.padEnd(names)}  ${code.padEnd(codes)}  ${why}`);
  return new RMSNormError('NO_BACKEND', headOf(count, refused, prefer, others, where) + table.join(''));
}

function headOf(
  count: number,
  refused: readonly RefusedProbe[],
  prefer: string | undefined,
  others: readonly string[],
  where: string,
): string {
  if (prefer === undefined) return `none of ${count} backends is available ${where}`;
  if (refused.some(({ name }) => name === prefer)) return `backend ${show(prefer)} is not available ${where}`;
  const names = others.map((name) => textOf(name, MOST_OF_A_NAME)).join(', ') || 'none';
  return `no candidate is called ${show(prefer)} ${where}; the others are ${names}`;
}

/** What a provider says, which may be anything where its author has no types. */
function textOf(value: unknown, most: number): string {
  return typeof value === 'string' ? showText(value, most) : show(value);
}

function reasonOf(error: unknown): string {
  return isRMSNormError(error) ? error.message.slice(`RMSNORM_${error.code}: `.length) : messageOf(error);
}

function invalid(message: string): RMSNormError {
  return new RMSNormError('INVALID_OPTION', message);
}
