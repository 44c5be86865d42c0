import { afterEach, expect, test, vi } from 'vitest';
import { catchStrays, ownStrays } from './strays.ts';

afterEach(() => void vi.unstubAllGlobals());

/** As a page or Deno tells of them; gives back how to dispatch an event, and whether it was taken. */
function stubEvents(): (type: string, event: object) => boolean {
  const listeners = new Map<string, (event: object) => void>();
  vi.stubGlobal('Deno', {});
  vi.stubGlobal('addEventListener', (type: string, listener: (event: object) => void) => listeners.set(type, listener));
  vi.stubGlobal('removeEventListener', (type: string) => listeners.delete(type));
  return (type, event) => {
    let taken = false;
    const preventDefault = (): void => {
      taken = true;
    };
    listeners.get(type)?.({ ...event, preventDefault });
    return taken;
  };
}

test('in a page and in Deno: rejections and errors without a handler, until it is closed', () => {
  const dispatch = stubEvents();
  const owner = {};
  const strays = catchStrays(owner);
  ownStrays(owner);
  expect(dispatch('unhandledrejection', { reason: new Error('one') })).toBe(true);
  expect(dispatch('error', { error: new Error('two') })).toBe(true);
  expect(dispatch('error', { error: undefined, message: 'Script error.' })).toBe(true);
  const texts = strays.take();
  expect(texts).toHaveLength(3);
  expect(texts[0]).toMatch(/^a promise was rejected that nobody waits for .*: threw Error: one/);
  expect(texts[1]).toMatch(/^an error was thrown from a timer, an event or a callback: threw Error: two/);
  expect(texts[2]).toContain('Script error.');
  expect(strays.take()).toEqual([]);
  strays.close();
  expect(dispatch('unhandledrejection', { reason: 1 })).toBe(false);
});

test('of two that are open, the one that ran last gets them; and no more than a few are kept', () => {
  const dispatch = stubEvents();
  const [first, second] = [{}, {}];
  const earlier = catchStrays(first);
  ownStrays(first);
  // The stub keeps the newest listener: it is the second one's.
  const later = catchStrays(second);
  dispatch('unhandledrejection', { reason: 1 });
  expect(later.take()).toEqual([]);
  ownStrays(second);
  for (let i = 0; i < 1000; i++) dispatch('unhandledrejection', { reason: i });
  expect(later.take()).toHaveLength(5);
  for (let i = 0; i < 3; i++) dispatch('unhandledrejection', { reason: 'the same' });
  expect(later.take()).toHaveLength(1);
  later.close();
  earlier.close();
});
