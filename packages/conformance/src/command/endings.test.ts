import { afterEach, describe, expect, test, vi } from 'vitest';
import { watchEndings } from './endings.ts';
import { describeEnd } from './watched-process.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('how a process ended, in words', () => {
  test.each([
    [null, 'SIGSEGV', 'crashed with SIGSEGV: stderr may say why'],
    [null, 'SIGKILL', 'was killed with SIGKILL, as the system does where memory runs out'],
    [0xc0000005, null, 'crashed with 0xc0000005: stderr may say why'],
    [0xc0000409 | 0, null, 'crashed with 0xc0000409: stderr may say why'],
    [134, null, 'was aborted with exit status 134, as Node does where memory runs out: stderr may say why'],
    [13, null, 'ended with exit status 13: a promise that it waits for never settles'],
    [7, null, 'ended with exit status 7: does the driver call process.exit()?'],
  ] as const)('%s, %s', (code, signal, text) => {
    expect(describeEnd(code, signal)).toBe(text);
  });
});

test('a signal that the system cannot send to this process ends it by its exit status', () => {
  const kill = vi.spyOn(process, 'kill').mockImplementation(() => {
    throw Object.assign(new Error('kill ENOSYS'), { code: 'ENOSYS' });
  });
  const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never);
  const before = new Set(process.listeners('SIGHUP'));
  watchEndings();
  const ours = process.listeners('SIGHUP').find((listener) => !before.has(listener))!;
  ours('SIGHUP');
  expect(kill).toHaveBeenCalledWith(process.pid, 'SIGHUP');
  expect(exit).toHaveBeenCalledWith(129);
});
