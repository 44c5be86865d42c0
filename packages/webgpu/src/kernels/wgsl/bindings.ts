import type { FloatDType } from '@rmsnorm/core';
import type { Binding, Operands } from '../../plan.ts';
import type { Access } from '../planning/access.ts';
import { is16Bit } from '../problem.ts';
import { wgsl } from './template.ts';

/** A storage buffer as a shader declares it. */
export interface ShaderBuffer {
  readonly name: string;
  /** WGSL's type. */
  readonly type: string;
  readonly write: boolean;
}

export function reads(name: string, type = 'array<f32>'): ShaderBuffer {
  return { name, type, write: false };
}

export function writes(name: string, type = 'array<f32>'): ShaderBuffer {
  return { name, type, write: true };
}

/** A buffer between two dispatches, in the one that writes it. */
export function written(buffer: ShaderBuffer): ShaderBuffer {
  return { ...buffer, write: true };
}

/** The type of a tensor laid out as x. */
export function elementArray(dtype: FloatDType, access: Access): string {
  if (is16Bit(dtype)) return access === 'quad' ? 'array<vec2u>' : 'array<u32>';
  return access === 'quad' ? 'array<vec4f>' : 'array<f32>';
}

/** The type of gamma, beta and their gradients. */
export function weightArray(access: Access, inner: number): string {
  return access === 'quad' && inner === 1 ? 'array<vec4f>' : 'array<f32>';
}

/** Buffers as they are bound: one that is written in place of another is that other, and some have to be read_write. */
export function bound(buffers: readonly ShaderBuffer[], { inPlace, writable }: Operands): ShaderBuffer[] {
  const overwritten = new Set(buffers.map(({ name }) => inPlace[name]));
  return buffers
    .filter(({ name }) => !(name in inPlace))
    .map((buffer) => ({
      ...buffer,
      write: buffer.write || overwritten.has(buffer.name) || writable.has(buffer.name),
    }));
}

/** The same for a dispatch that writes nothing over its inputs, whatever others of its plan do. */
export function boundForReading(buffers: readonly ShaderBuffer[], operands: Operands): ShaderBuffer[] {
  return bound(buffers, { ...operands, inPlace: {} });
}

/** Buffers in their order, and the uniform behind them. */
export function declarations(buffers: readonly ShaderBuffer[]): string {
  return wgsl`
    ${buffers.map(
      ({ name, type, write }, i) =>
        `@group(0) @binding(${i}) var<storage, ${write ? 'read_write' : 'read'}> ${name}: ${type};`,
    )}
    @group(0) @binding(${buffers.length}) var<uniform> params: Parameters;
  `;
}

export function bindingsOf(buffers: readonly ShaderBuffer[]): Binding[] {
  return buffers.map(({ name, write }) => ({ buffer: name, access: write ? 'read_write' : 'read' }));
}

/** Buffers in the key of a shader. */
export function bufferKey(buffers: readonly ShaderBuffer[]): string {
  return buffers.map(({ name, write }) => (write ? `${name}!` : name)).join(' ');
}
