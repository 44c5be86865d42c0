import type { Backend, BackendProvider, ProbeResult } from '../backend/backend.ts';
import { type AbortSignalLike, checkedSignal, isAborted, throwIfAborted } from '../values/abort.ts';
import { refuseMore } from '../values/arguments.ts';
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

const API_VERSION: BackendProvider['apiVersion'] = 1;

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
  if (arguments.length > 2) refuseMore(arguments, 2, 'pickBackend([wasm(), webgpu()], { prefer, signal, onProbe })');
  const { prefer, signal, onProbe } = checkedOptions(options);
  const refused: RefusedProbe[] = [];
  const others: string[] = [];
  const listed = checkedCandidates(candidates);
  for (const [index, candidate] of listed.entries()) {
    throwIfAborted(signal);
    const loaded = await load(candidate, index);
    if (prefer !== undefined && loaded.name !== prefer && 'probe' in loaded) {
      others.push(loaded.name);
      continue;
    }
    const outcome = 'probe' in loaded ? await start(loaded, signal) : loaded;
    if ('backend' in outcome) {
      onProbe?.({ name: loaded.name, ok: true, device: outcome.device });
      return outcome.backend as BackendOf<C>;
    }
    onProbe?.(outcome);
    refused.push(outcome);
  }
  throw noBackend(listed.length, refused, prefer, others);
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

function checkedCandidates(candidates: readonly Candidate[]): readonly (Provider | Loader)[] {
  return reading('the candidates', 'INVALID_OPTION', () => listOf(candidates));
}

function listOf(candidates: readonly Candidate[]): readonly (Provider | Loader)[] {
  if (!Array.isArray(candidates)) throw invalid(`pickBackend() takes an array of candidates, got ${show(candidates)}`);
  return Array.from(candidates, (candidate: unknown, index) => {
    const known = typeof candidate === 'function' ? (candidate as Loader) : providerOf(candidate);
    if (known !== null) return known;
    throw invalid(`candidate ${index + 1} is neither a provider nor a function that loads one: ${show(candidate)}`);
  });
}

type Loader = () => Promise<unknown>;

/** A provider as it was when it was first looked at. */
interface Provider extends Pick<BackendProvider, 'name' | 'probe' | 'create'> {
  /** Of a package that is newer than this one, perhaps. */
  readonly apiVersion: unknown;
}

function providerOf(value: unknown): Provider | null {
  if (typeof value !== 'object' || value === null) return null;
  const { name, apiVersion, probe, create } = value as Partial<BackendProvider>;
  if (typeof name !== 'string' || typeof probe !== 'function' || typeof create !== 'function') return null;
  return { name, apiVersion, probe: () => probe.call(value), create: (options) => create.call(value, options) };
}

async function load(candidate: Provider | Loader, index: number): Promise<Provider | RefusedProbe> {
  if (typeof candidate !== 'function') return candidate;
  const name = nameOf(candidate) || `candidate ${index + 1}`;
  try {
    const given = await candidate();
    const provider = providerOf(given);
    if (provider !== null) return provider;
    const reason = `no provider came of it, but ${show(given)}`;
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
  provider: Provider,
  signal: AbortSignalLike | undefined,
): Promise<{ backend: Backend; device: string } | RefusedProbe> {
  const { name, apiVersion } = provider;
  if (apiVersion !== API_VERSION) {
    const reason = `its apiVersion is ${show(apiVersion)}, and this @rmsnorm/core knows ${API_VERSION}`;
    return { name, ok: false, code: 'UNSUPPORTED', reason, hint: 'install versions of both that belong together' };
  }
  try {
    const probe = await provider.probe();
    throwIfAborted(signal);
    if (!probe.ok) return { ...probe, name };
    const backend = await provider.create(signal ? { signal } : {});
    if (typeof backend !== 'object' || backend === null) {
      return { name, ok: false, code: 'DEVICE_ERROR', reason: `create() gave no backend, but ${show(backend)}` };
    }
    if (isAborted(signal)) await backend.dispose();
    throwIfAborted(signal);
    return { backend, device: backend.device };
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
