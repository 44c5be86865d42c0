import { type ErrorCode, messageOf } from '@rmsnorm/core';
import type { GPUAdapterInfoLike, GPUAdapterLike } from '../gpu-types.ts';
import type { CheckedOptions } from '../options.ts';
import { navigatorGPU } from './gpu.ts';

/** Why there is no device: a code, what was found, and what to do. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly hint?: string;
}

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|microsoft basic render|\bwarp\b/i;

/** The adapter that the options ask for, or why there is none. Leaves nothing behind. */
export async function findAdapter({
  gpu,
  adapter: given,
  powerPreference,
  software,
}: CheckedOptions): Promise<GPUAdapterLike | Refusal> {
  const source = gpu ?? navigatorGPU();
  if (given === undefined && source === undefined) return noWebGPU();
  let adapter: GPUAdapterLike | null | undefined;
  try {
    adapter = given ?? (await source!.requestAdapter(powerPreference && { powerPreference }));
  } catch (error) {
    return noAdapter(`requestAdapter() failed (${messageOf(error)})`);
  }
  // Undefined is what stand-ins for WebGPU may give.
  if (adapter === null || adapter === undefined) return noAdapter('requestAdapter() gave none');
  if (!software && isSoftware(adapter)) return onlySoftware(adapter.info);
  return adapter;
}

/** Whether an adapter computes on the CPU. */
export function isSoftware({ info, isFallbackAdapter }: Pick<GPUAdapterLike, 'info' | 'isFallbackAdapter'>): boolean {
  if (info?.isFallbackAdapter ?? isFallbackAdapter) return true;
  return SOFTWARE.test([info?.vendor, info?.architecture, info?.device, info?.description].join(' '));
}

/** An adapter in words, for people. */
export function nameOf(info: GPUAdapterInfoLike | undefined): string {
  const words = [info?.vendor, info?.architecture].filter(Boolean).join(' ');
  const description = info?.description || info?.device || '';
  if (words && description) return `${words} (${description})`;
  return words || description || 'a GPU that the browser does not name';
}

export function onlySoftware(info: GPUAdapterInfoLike | undefined): Refusal {
  return {
    code: 'NO_ADAPTER',
    reason: `there is no GPU, only a software adapter: ${nameOf(info)}`,
    hint: 'webgpu({ software: true }) takes it; WebAssembly is faster there',
  };
}

function noWebGPU(): Refusal {
  const { isSecureContext, process } = globalThis as {
    isSecureContext?: boolean;
    process?: { versions?: { node?: string } };
  };
  const reason = 'navigator.gpu is undefined';
  if (isSecureContext === false) {
    return { code: 'NO_WEBGPU', reason, hint: 'this page is not secure: WebGPU needs https:// or localhost' };
  }
  return {
    code: 'NO_WEBGPU',
    reason,
    hint: process?.versions?.node
      ? 'in Node: webgpu({ gpu: create([]) }) with the npm package webgpu'
      : 'Chrome 113, Safari 26 and Firefox 141 are the first that have WebGPU; on Linux it may have to be switched on',
  };
}

function noAdapter(reason: string): Refusal {
  return {
    code: 'NO_ADAPTER',
    reason,
    hint: 'there is no GPU that WebGPU can use, or its driver is missing or blocked: in Chrome see chrome://gpu, in Node on Linux install a Vulkan driver and libvulkan1',
  };
}
