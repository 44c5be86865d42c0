import { unreachable } from '@rmsnorm/core/driver';
import { type Places, placesIn } from './fields.ts';
import type { Native, NativeDevice, NativeProbe, NativeRefusal } from './native.ts';
import type { CheckedOptions } from './options.ts';
import type { Refusal } from './refusal.ts';

/** A device that kernels run on. */
export interface Found {
  readonly native: Native;
  readonly places: Places;
  /** In words. */
  readonly device: string;
}

/** Compute capability 7.5, Turing, is the oldest that nvcc 13 compiles for. */
const LEAST = { major: 7, minor: 5 } as const;

/** The device that was asked for, or why it cannot be had. Starts nothing. */
export function findDevice(native: Native, { device, emulated }: CheckedOptions): Found | Refusal {
  const places = placesIn(native.fields);
  if (!('op' in places)) {
    return {
      code: 'NO_BINARY',
      reason: `the addon is of another version: it does not know ${places.join(', ')}`,
      hint: 'install @rmsnorm/cuda and @rmsnorm/cuda-linux-x64-gnu of one version; in a clone, pnpm build',
    };
  }
  const probe = native.probe(emulated);
  if (!probe.ok) return refusalOf(probe);
  if (emulated !== null) return { native, places, device: `emulated ${emulated}` };
  const found = probe.devices.find(({ ordinal }) => ordinal === device);
  if (found === undefined) return noSuchDevice(device, probe.devices);
  if (found.problem !== undefined) return broken(found.ordinal, found.problem);
  if (isOlder(found)) return tooOld(found);
  const driver = `${Math.floor(probe.driverVersion / 1000)}.${Math.floor((probe.driverVersion % 1000) / 10)}`;
  return { native, places, device: `${found.name} (sm_${found.major}${found.minor}, driver ${driver})` };
}

function refusalOf({ code, reason }: NativeProbe & { ok: false }): Refusal {
  return { code, reason, hint: hintOf(code) };
}

function hintOf(code: NativeRefusal): string {
  switch (code) {
    case 'DRIVER_NOT_FOUND':
      return "install NVIDIA's driver, 580 or newer (Debian, Ubuntu: apt-get install nvidia-driver); in a container, run it with --gpus all";
    case 'DRIVER_TOO_OLD':
      return "update NVIDIA's driver to 580 or newer; nvidia-smi shows which there is. In a container it is the host's";
    case 'NO_DEVICE':
      return 'nvidia-smi -L lists GPUs; unset CUDA_VISIBLE_DEVICES, and run a container with --gpus all';
    case 'ARCH_UNSUPPORTED':
      return 'take a GPU of compute capability 7.5 or newer (Turing, GTX 16 and RTX 20, and later ones), or @rmsnorm/webgpu';
    case 'DEVICE_ERROR':
      return 'nvidia-smi shows whether the GPU works; if it does, start the process again';
    default:
      return unreachable(code, 'code');
  }
}

function noSuchDevice(device: number, devices: readonly NativeDevice[]): Refusal {
  const listed = devices.map(({ ordinal, name, problem }) => `${ordinal}: ${problem ?? name}`).join(', ');
  return {
    code: 'NO_DEVICE',
    reason: `there is no device ${device}, but ${devices.length} (${listed || 'none'})`,
    hint: `cuda({ device }) takes their numbers; ${hintOf('NO_DEVICE')}`,
  };
}

function broken(device: number, problem: string): Refusal {
  return { code: 'DEVICE_ERROR', reason: `device ${device} fails: ${problem}`, hint: hintOf('DEVICE_ERROR') };
}

function isOlder({ major, minor }: NativeDevice): boolean {
  return major < LEAST.major || (major === LEAST.major && minor < LEAST.minor);
}

function tooOld({ name, ordinal, major, minor }: NativeDevice): Refusal {
  return {
    code: 'ARCH_UNSUPPORTED',
    reason: `device ${ordinal}, ${name}, has compute capability ${major}.${minor}, and the kernels need ${LEAST.major}.${LEAST.minor}`,
    hint: hintOf('ARCH_UNSUPPORTED'),
  };
}
