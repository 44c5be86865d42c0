import { messageOf } from '@rmsnorm/core';
import { glibcVersion, isAtLeast } from './libc.ts';
import type { Native } from './native.ts';
import { type Refusal, WRONG_RUNTIME } from './refusal.ts';

const LEAF = '@rmsnorm/cuda-linux-x64-gnu';

/** The oldest C library that the addon runs on. */
const LEAST_GLIBC = '2.34';

/** What of this process decides whether the addon loads. */
export interface Host {
  readonly platform: string;
  readonly arch: string;
  /** Null: it is another C library. */
  glibc(): string | null;
  /** The file of what a package exports; throws where there is none. */
  resolve(specifier: string): string;
  load(file: string): unknown;
}

/** This process; null where it has no modules of Node's. Asked for when it is needed, so that an import does nothing. */
export function thisHost(): Host | null {
  const module = globalThis.process?.getBuiltinModule?.('node:module');
  if (!module) return null;
  const require = module.createRequire(import.meta.url);
  const { platform, arch } = process;
  return { platform, arch, glibc: glibcVersion, resolve: require.resolve, load: require };
}

/** The addon, or why there is none here. Never throws. */
export function loadNative(host: Host | null = thisHost()): Native | Refusal {
  if (host === null) return WRONG_RUNTIME;
  const { platform, arch } = host;
  if (platform !== 'linux' || arch !== 'x64') {
    return noBinary(
      `there is an addon for linux-x64, not for ${platform}-${arch}`,
      'take @rmsnorm/webgpu here, which uses GPUs of all makers',
    );
  }
  let file: string;
  try {
    file = host.resolve(`${LEAF}/rmsnorm-cuda.node`);
  } catch (error) {
    return otherLibc(host) ?? notInstalled(error);
  }
  try {
    return host.load(file) as Native;
  } catch (error) {
    return otherLibc(host) ?? notLoaded(file, error);
  }
}

/** A C library that the addon does not run on. */
function otherLibc(host: Host): Refusal | null {
  const version = glibcVersionOf(host);
  if (version === undefined) return null;
  if (version === null) {
    return noBinary(
      `the addon needs glibc ${LEAST_GLIBC} or newer, and this system has another C library (musl, as Alpine has)`,
      'take an image with glibc, such as node:22-bookworm',
    );
  }
  if (isAtLeast(version, LEAST_GLIBC)) return null;
  return noBinary(
    `the addon needs glibc ${LEAST_GLIBC} or newer, and this system has ${version}`,
    'take a newer system, such as Debian 12, Ubuntu 22.04 or RHEL 9',
  );
}

/** Undefined where it cannot be told. */
function glibcVersionOf(host: Host): string | null | undefined {
  try {
    return host.glibc();
  } catch {
    return undefined;
  }
}

function notInstalled(error: unknown): Refusal {
  const cause = messageOf(error).split(' Require stack')[0]!;
  // The package is there, its file is not: the message has the file's path.
  if (cause.includes('dist/rmsnorm-cuda.node')) {
    return noBinary(
      `the addon was not built (${cause})`,
      'in a clone, pnpm build builds it where nvcc and g++ are found',
    );
  }
  return noBinary(`${LEAF} is not installed (${cause})`, `npm install ${LEAF}, which --omit=optional leaves out`);
}

function notLoaded(file: string, error: unknown): Refusal {
  const cause = messageOf(error);
  const hint = cause.includes('GLIBCXX')
    ? 'update the C++ library to that of GCC 11 or newer (Debian: apt-get install libstdc++6)'
    : `npm install ${LEAF} again; ldd ${file} shows which library is missing`;
  return noBinary(`the addon did not load (${cause})`, hint);
}

function noBinary(reason: string, hint: string): Refusal {
  return { code: 'NO_BINARY', reason, hint };
}
