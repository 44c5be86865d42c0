import { describe, expect, test, vi } from 'vitest';
import type { BackendProvider, ProbeResult } from '../backend/backend.ts';
import { reference } from '../reference/reference.ts';
import { RMSNormError } from '../values/errors.ts';
import { pickBackend } from './pick-backend.ts';

const refusing = (name: string, probe: Extract<ProbeResult, { ok: false }>): BackendProvider => ({
  name,
  apiVersion: 1,
  probe: async () => probe,
  create: async () => {
    throw new Error('create must not be called after a refusing probe');
  },
});

const cuda = refusing('cuda', {
  ok: false,
  code: 'DRIVER_NOT_FOUND',
  reason: 'libcuda.so.1 not found',
  hint: 'install an NVIDIA driver',
});
const failing: BackendProvider = {
  ...reference(),
  name: 'failing',
  create: async () => {
    throw new RMSNormError('DEVICE_LOST', 'gone');
  },
};

describe('pickBackend', () => {
  test('takes the first that works, and tells of each it tried', async () => {
    const onProbe = vi.fn();
    const backend = await pickBackend([cuda, failing, async () => reference(), cuda], { onProbe });
    expect(backend.name).toBe('reference');
    expect(onProbe.mock.calls.map(([probe]) => [probe.name, probe.ok, probe.code])).toEqual([
      ['cuda', false, 'DRIVER_NOT_FOUND'],
      ['failing', false, 'DEVICE_LOST'],
      ['reference', true, undefined],
    ]);
  });

  test.each([null, undefined, 7])('a provider that creates %s is passed over, and said', async (nothing) => {
    const empty = { ...reference(), name: 'empty', create: async () => nothing as never };
    await expect(pickBackend([empty, reference()])).resolves.toMatchObject({ name: 'reference' });
    await expect(pickBackend([empty])).rejects.toThrow(`create() gave no backend, but ${nothing}`);
  });

  test('none works: every reason, as a table', async () => {
    const load = async (): Promise<BackendProvider> => {
      throw new Error("Cannot find package '@rmsnorm/webgpu'");
    };
    const error = await pickBackend([cuda, load, failing]).catch((caught) => caught);
    expect(error.code).toBe('NO_BACKEND');
    expect(error.message.split('\n')).toEqual([
      expect.stringMatching(/^RMSNORM_NO_BACKEND: none of 3 backends is available \(node \d+\.\d+\.\d+, \w+-\w+\)$/),
      '  cuda     DRIVER_NOT_FOUND  libcuda.so.1 not found: install an NVIDIA driver',
      "  load     MODULE_NOT_FOUND  Cannot find package '@rmsnorm/webgpu'",
      '  failing  DEVICE_LOST       gone',
    ]);
  });

  test('what others say is one line each, cut, and cannot alter a terminal', async () => {
    const loud = refusing('loud\u001b[2J', {
      ok: false,
      code: 'X\n',
      reason: `a\r\nb\t${'c'.repeat(1e6)}`,
      hint: '\u202e',
    });
    const load = () => Promise.reject(Object.create(null));
    const error: Error = await pickBackend([loud, load]).catch((caught) => caught);
    const [, first, second] = error.message.split('\n');
    expect(first).toMatch(/^ {2}loud\\x1b\[2J {2}X {17}a b c+\.\.\.: \\u202e$/);
    expect(second).toMatch(/^ {2}load {9}MODULE_NOT_FOUND {2}\{\}$/);
    expect(error.message.length).toBeLessThan(1000);
  });

  test('a module in place of its provider is a reason, with the way out; what is neither is refused', async () => {
    const module = { wasm: () => reference() };
    await expect(pickBackend([async () => module as never])).rejects.toThrow(
      /MODULE_NOT_FOUND {2}no provider came of it, but \{ wasm: function wasm \}: .*\.then\(\(m\) => m\.wasm\(\)\)/,
    );
    const backend = await pickBackend([async () => undefined as never, reference()]);
    expect(backend.name).toBe('reference');
    await expect(pickBackend([reference(), module as never])).rejects.toThrow(
      /INVALID_OPTION: candidate 2 is neither a provider nor a function/,
    );
    await expect(pickBackend({ 0: reference() } as never)).rejects.toThrow(/INVALID_OPTION/);
  });

  test('prefer takes that one, without a look at the others', async () => {
    const probe = vi.fn(cuda.probe);
    const backend = await pickBackend([{ ...cuda, probe }, reference()], { prefer: 'reference' });
    expect(backend.name).toBe('reference');
    expect(probe).not.toHaveBeenCalled();
  });

  test('prefer throws where that one does not work, or is not there', async () => {
    await expect(pickBackend([cuda, reference()], { prefer: 'cuda' })).rejects.toThrow(
      /NO_BACKEND: backend 'cuda' is not available .*\n {2}cuda {2}DRIVER_NOT_FOUND/,
    );
    await expect(pickBackend([cuda, reference()], { prefer: 'webgpu' })).rejects.toThrow(
      /no candidate is called 'webgpu' .*the others are cuda, reference/,
    );
  });

  test('an abort rejects with its reason, before, between and after', async () => {
    const reason = new Error('enough');
    await expect(pickBackend([reference()], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);

    const controller = new AbortController();
    const probe = async () => {
      controller.abort(reason);
      return cuda.probe();
    };
    await expect(pickBackend([{ ...cuda, probe }, reference()], { signal: controller.signal })).rejects.toBe(reason);

    const late = new AbortController();
    const backend = await reference().create();
    const dispose = vi.spyOn(backend, 'dispose');
    const create = async () => {
      late.abort(reason);
      return backend;
    };
    await expect(pickBackend([{ ...reference(), create }], { signal: late.signal })).rejects.toBe(reason);
    expect(dispose).toHaveBeenCalled();
  });
});
