import { expect, it } from 'vitest';
import { optionsOf } from './options.ts';
import { PEER_TARGETS } from './spec.ts';

it('compares with peers, each target on its own number of threads, unless told otherwise', () => {
  expect(optionsOf([])).toMatchObject({
    targets: PEER_TARGETS,
    filter: [''],
    threads: null,
    rounds: null,
    quick: false,
    from: [],
  });
});

it('takes several targets, parts and files with commas', () => {
  const options = optionsOf(['--target', 'node,chromium', '--filter', 'llm/,groups', '--from', 'a.json,b.json']);
  expect(options).toMatchObject({
    targets: ['node', 'chromium'],
    filter: ['llm/', 'groups'],
    from: ['a.json', 'b.json'],
  });
});

it.each([
  [
    ['--target', 'deno'],
    "--target knows node, node-webgpu, chromium, chromium-webgpu, gpu-clock, cuda, threads, not 'deno'",
  ],
  [['--target', 'node,threads', '--threads', '1'], '--threads must be at least 2'],
  [['--adapter', 'nvidia'], "--adapter knows swiftshader, hardware, not 'nvidia'"],
  [['--threads', '0'], "--threads must be a positive integer, got '0'"],
  [['--rounds', '2.5'], "--rounds must be a positive integer, got '2.5'"],
  [['--fast'], '--fast'],
])('refuses %j', (args, message) => {
  expect(() => optionsOf(args)).toThrow(message);
});
