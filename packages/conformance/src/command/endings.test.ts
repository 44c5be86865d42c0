import { afterEach, describe, expect, type MockInstance, test, vi } from 'vitest';
import { endBy } from './endings.ts';
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
    [-1, null, 'ended with exit status -1: does the driver call process.exit()?'],
    [134, null, 'was aborted with exit status 134, as Node does where memory runs out: stderr may say why'],
    [13, null, 'ended with exit status 13: a promise that it waits for never settles'],
    [7, null, 'ended with exit status 7: does the driver call process.exit()?'],
  ] as const)('%s, %s', (code, signal, text) => {
    expect(describeEnd(code, signal, 'win32')).toBe(text);
  });

  test('134 is no abort where that is a signal', () => {
    expect(describeEnd(134, null, 'linux')).toBe('ended with exit status 134: does the driver call process.exit()?');
  });
});

describe('a signal ends this process', () => {
  const kill = (): MockInstance => vi.spyOn(process, 'kill').mockImplementation(() => true);
  const exit = (): MockInstance =>
    vi.spyOn(process, 'exit').mockImplementation(() => {
      throw new Error('exit');
    });

  test('as itself where there are signals', () => {
    const killed = kill();
    endBy('SIGTERM', 'linux');
    expect(killed).toHaveBeenCalledWith(process.pid, 'SIGTERM');
  });

  test('by its exit status on Windows', () => {
    const [killed, exited] = [kill(), exit()];
    expect(() => endBy('SIGHUP', 'win32')).toThrow('exit');
    expect(exited).toHaveBeenCalledWith(129);
    expect(killed).not.toHaveBeenCalled();
  });
});
