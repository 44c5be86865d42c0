import { beforeEach, describe, expect, test } from 'vitest';
import { code, isGone } from '../../test/samples.ts';
import type { Driver } from '../driver/driver.ts';
import { ReferenceDriver } from '../reference/driver.ts';
import type { Backend, Tensor } from './backend.ts';
import { createBackend } from './create-backend.ts';

let backend: Backend;
beforeEach(() => {
  backend = createBackend(new ReferenceDriver());
});

const make = (): Tensor => backend.empty([2, 4]);
const live = (): number => backend.memory().tensors;

describe('what tidy returns', () => {
  test.each<[string, (tensor: Tensor) => unknown]>([
    ['its view', (tensor) => tensor.view!()],
    ['a part of its view', (tensor) => ({ part: [tensor.view!().subarray(2)] })],
    ['another array over its memory', (tensor) => new DataView(tensor.view!().buffer, 4, 4)],
    ['its buffer', (tensor) => [tensor.buffer]],
    ['its buffer, wrapped', (tensor) => backend.wrap(tensor.buffer, [2, 4])],
    ['a part of its view, wrapped', (tensor) => backend.wrap(tensor.view!().subarray(4), [4])],
    ['what wraps it, wrapped', (tensor) => backend.wrap(backend.wrap(tensor.buffer, [2, 4]).view!(), [8])],
    ['a view of what wraps it', (tensor) => backend.wrap(tensor.buffer, [2, 4]).view!()],
  ])('the memory of a tensor that is not returned is an error: %s', async (_what, of) => {
    const [error, outside] = [code('DISPOSED'), make()];
    expect(() => backend.tidy(() => of(make()))).toThrow(error);
    await expect(backend.tidy(async () => of(make()))).rejects.toThrow(error);
    await expect(backend.tidy(() => Promise.resolve().then(() => of(make())))).rejects.toThrow(error);
    expect(live()).toBe(1);
    expect(backend.tidy(() => of(outside))).toBeTruthy();
    const [kept] = backend.tidy(() => {
      const tensor = make();
      return [tensor, of(tensor)] as const;
    });
    expect(isGone(kept)).toBe(false);
  });

  test('where the host sees no memory: handles, and objects with handles, that were wrapped', () => {
    class Hidden extends ReferenceDriver {
      override adopt(handle: { at: Uint8Array }, bytes: number): Uint8Array {
        return super.adopt(handle.at, bytes);
      }
    }
    const hidden = createBackend(Object.assign(new Hidden(), { view: undefined }) as unknown as Driver<Uint8Array>);
    const wrapped = (): Tensor => hidden.wrap({ at: hidden.empty([8]).buffer }, [4]);
    expect(() => hidden.tidy(() => hidden.empty([8]).buffer)).toThrow(code('DISPOSED'));
    expect(() => hidden.tidy(wrapped)).toThrow(code('DISPOSED'));
    const own = { at: new Uint8Array(16) };
    expect(hidden.tidy(() => [own, hidden.wrap(own, [4])])).toHaveLength(2);
    expect(hidden.memory().bytes).toBe(0);
  });

  test("the caller's own memory, copies, and handles that are no objects are returned", async () => {
    const own = new Float32Array(8);
    const wrapping = (): unknown => [own, backend.wrap(own, [2, 4]).buffer, backend.wrap(own, [8]).view!()];
    expect(backend.tidy(wrapping)).toHaveLength(3);
    expect(backend.tidy(() => backend.wrap(own, [8])).backend).toBe(backend);
    expect(await backend.tidy(() => make().data())).toHaveLength(8);
    expect(backend.tidy(() => make().view!().slice())).toHaveLength(8);
    const numbered = createBackend(Object.assign(new ReferenceDriver(), { handle: () => 7 }));
    expect(numbered.tidy(() => numbered.empty([2]).buffer)).toBe(7);
    const gone = createBackend(new ReferenceDriver());
    const values = gone.tidy(async () => {
      gone.empty([2]);
      await gone.dispose();
      return own;
    });
    expect(await values).toBe(own);
  });
});
