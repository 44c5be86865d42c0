import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LocalRegistry } from '../local-registry/local-registry.ts';
import { temporaryFolder } from '../packed.ts';
import { pnpm, run, runToSuccess } from '../run-program.ts';
import { packDependenciesOfOthers } from '../third-party.ts';
import { publishedPackages, readManifest, root } from '../workspace.ts';
import { FaultyProxy } from './testing/faulty-proxy.ts';
import { RELEASE_ARCHITECTURES, WorkspaceCopy } from './testing/workspace-copy.ts';

// Releases of a copy of the workspace to a registry on this machine. Each test goes on where the one before it stopped.
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let registry: LocalRegistry;
let proxy: FaultyProxy;
let copy: WorkspaceCopy;
let settings: NodeJS.ProcessEnv;

/** Nothing listens there. */
const NO_REGISTRY = 'http://127.0.0.1:9';

const names = publishedPackages.map(({ manifest }) => manifest.name);
const [, minor] = publishedPackages[0]!.manifest.version.split('.').map(Number);
const next = `0.${minor! + 1}.0`;

beforeAll(async () => {
  folder = await temporaryFolder('release-test');
  [registry, copy] = await Promise.all([LocalRegistry.start(folder.dir), WorkspaceCopy.make(folder.dir)]);
  proxy = await FaultyProxy.start(registry.url);
  const userconfig = join(folder.dir, 'npmrc');
  const auth = [registry.url, proxy.url, NO_REGISTRY].map(
    (url) => `${url.slice('http:'.length)}/:_authToken=${registry.token}\n`,
  );
  await writeFile(userconfig, `registry=${proxy.url}/\n${auth.join('')}`);
  const pnpmFolder = await folderOfPnpm();
  settings = {
    ...Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(npm_config|vitest|vite_|node_env)/i.test(name)),
    ),
    // turbo looks for it there. It must not install: the dependencies of the copy are those of this workspace.
    PATH: `${pnpmFolder}:${process.env.PATH}`,
    npm_execpath: join(pnpmFolder, 'pnpm'),
    pnpm_config_verify_deps_before_run: 'false',
    NPM_CONFIG_USERCONFIG: userconfig,
    NPM_CONFIG_CACHE: join(folder.dir, 'npm-cache'),
    NPM_CONFIG_FETCH_RETRIES: '0',
    NPM_CONFIG_FETCH_TIMEOUT: '5000',
  };
  await copy.changeset('of-the-test', 'minor');
  await copy.commit('A change');
});
afterAll(async () => {
  await proxy?.stop();
  await registry?.stop();
  await folder.remove();
});

async function folderOfPnpm(): Promise<string> {
  const [command, ...args] = pnpm;
  return dirname((await runToSuccess(command, [...args, 'exec', 'which', 'pnpm'])).trim());
}

function begin(...args: string[]): { child: ChildProcess; ended: Promise<{ code: number | null; output: string }> } {
  const child = spawn(process.execPath, ['.ci/release/main.mjs', ...args], {
    cwd: copy.dir,
    env: settings,
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream!.on('data', (chunk) => (output += chunk));
  return { child, ended: once(child, 'close').then(([code]) => ({ code: code as number | null, output })) };
}

const release = (...args: string[]): Promise<{ code: number | null; output: string }> => begin(...args).ended;

const npm = (args: string[], cwd = folder.dir): Promise<string> =>
  run('npm', args, { cwd, env: settings }).then(({ code, stdout, output }) => {
    if (code !== 0) throw new Error(output);
    return stdout;
  });

/** A refusal leaves nothing behind: neither in the tree nor in the registry. */
async function expectRefused(args: string[], message: RegExp): Promise<void> {
  const before = [await copy.git('rev-parse', 'HEAD'), await copy.git('status', '--porcelain')];
  const takenBefore = proxy.taken.length;
  const { code, output } = await release(...args);
  expect.soft(output).toMatch(message);
  expect.soft(code, output).toBe(1);
  expect.soft([await copy.git('rev-parse', 'HEAD'), await copy.git('status', '--porcelain')]).toEqual(before);
  expect.soft(proxy.taken.length).toBe(takenBefore);
}

test('refused without a green run of the tests', async () => {
  await expectRefused([], /no green run of the tests of \w{9} here, there is none: RMSNORM_WHOLE=1 pnpm test/);
  await expectRefused(['--canary'], /no green run of the tests/);
  await copy.tested();
  await expectRefused([], /no run of all consumers of \w{9} here in which all worked: pnpm consumers/);
  await copy.consumed();
});

test('refused on a tree with changes, and on another branch', async () => {
  await appendFile(join(copy.dir, 'README.md'), 'More.\n');
  await expectRefused([], /differs from its last commit[\s\S]*M README\.md/);
  await copy.git('restore', 'README.md');
  await copy.git('switch', '--quiet', '--create', 'other');
  await expectRefused([], /this is other, and releases are made of main/);
  await copy.git('switch', '--quiet', 'main');
});

test('refused where the CUDA addon is not for all GPUs', async () => {
  await copy.buildsFor(['sm_90', 'compute_75']);
  await expectRefused([], /built for sm_90, compute_75 alone, without sm_75, .*RMSNORM_CUDA_ARCHS=release pnpm build/);
  // No compiler, and an addon of an earlier build.
  await copy.buildsFor(null);
  await expectRefused([], /cuda-linux-x64-gnu is not built, and nothing was published/);
  await copy.buildsFor(RELEASE_ARCHITECTURES);
});

test('refused without a network', async () => {
  await expectRefused(['--registry', NO_REGISTRY], /the registry cannot be reached, or is too slow \(ECONNREFUSED\)/);
});

test('refused where the version is taken', async () => {
  const taken = {
    name: '@rmsnorm/core',
    'dist-tags': { latest: next },
    versions: { [next]: { name: '@rmsnorm/core', version: next, gitHead: 'f'.repeat(40) } },
  };
  proxy.madeUp.set('@rmsnorm/core', taken);
  await expectRefused([], new RegExp(`the registry has these already[\\s\\S]*@rmsnorm/core@${next}, from fffffffff`));
  proxy.madeUp.clear();
});

test('refused where a tarball grew, until a word says why', async () => {
  const sizes = join(copy.dir, '.ci/release/sizes.json');
  await writeFile(sizes, JSON.stringify({ '@rmsnorm/wasm': { bytes: 1000 } }));
  await copy.commit('A small one');
  await copy.tested();
  await copy.consumed();
  await expectRefused(
    [],
    /these tarballs grew by more than 10 %:\n {2}@rmsnorm\/wasm: \d+ bytes, \d+ % more than the 1000/,
  );
});

test('a registry that answers 500 stops it in the middle, and it says what is missing', async () => {
  proxy.failWith(null, null, 'answers 500');
  const { code, output } = await release('--grew', 'threads');
  expect(output).toMatch(
    /was not published: the registry answers 500[\s\S]*Missing:[\s\S]*@rmsnorm\/cli[\s\S]*The same command goes on/,
  );
  expect(code).toBe(1);
  expect(proxy.taken).toHaveLength(2);
  expect(proxy.taken[0]).toBe('@rmsnorm/core');
  expect(await copy.git('log', '-1', '--format=%s')).toBe(`release: ${next}`);
  expect(await copy.git('tag')).toBe('');
  expect(await copy.git('rev-parse', 'origin/main'), 'any clone can go on').toBe(await copy.git('rev-parse', 'HEAD'));
  const sizes = JSON.parse(await readFile(join(copy.dir, '.ci/release/sizes.json'), 'utf8'));
  expect(sizes['@rmsnorm/wasm'].why).toBe('threads');
  expect(Object.keys(sizes).sort()).toEqual([...names].sort());
});

test('killed in the middle', async () => {
  const hangs = proxy.failWith(null, 'hangs');
  const { child, ended } = begin();
  await Promise.race([hangs, ended.then(({ output }) => Promise.reject(new Error(output)))]);
  process.kill(-child.pid!, 'SIGKILL');
  await ended;
  expect(proxy.taken).toHaveLength(3);
});

test('a commit that calls itself a release and holds more was not tested', async () => {
  const head = await copy.git('rev-parse', 'HEAD');
  await appendFile(join(copy.dir, 'packages/core/package.json'), '\n');
  await writeFile(join(copy.dir, 'packages/core/more.txt'), 'more');
  await copy.git('add', '--all');
  await copy.git('commit', '--quiet', '--amend', '--no-edit');
  await expectRefused([], /holds more than versions, changelogs and sizes[\s\S]*packages\/core\/more\.txt/);
  await copy.git('reset', '--quiet', '--hard', head);
});

test('goes on after that, publishes what is missing and nothing twice, and tags', async () => {
  proxy.failWith('takes it and answers 500');
  const { code, output } = await release();
  expect(code, output).toBe(0);
  expect(output).toContain(`Goes on with ${next}`);
  expect([...proxy.taken].sort()).toEqual([...names].sort());
  expect(await copy.git('tag')).toBe(`v${next}`);
  expect(await copy.git('ls-remote', '--tags', 'origin')).toContain(`refs/tags/v${next}`);
  expect(await copy.git('status', '--porcelain')).toBe('');

  const again = await release();
  expect(again).toEqual({ code: 0, output: `${next} is released, and nothing came after it.\n` });
});

test('below 1.0, with a changelog; installed by name, it runs', async () => {
  const others = await packDependenciesOfOthers(folder.dir);
  await registry.publish([...others.values()].map((path) => ({ path })));
  const project = join(folder.dir, 'project');
  await mkdir(project);
  await writeFile(join(project, 'package.json'), '{ "private": true, "type": "module" }');
  await npm(['install', '--no-audit', '--no-fund', ...names], project);
  for (const name of names) {
    const dir = join(project, 'node_modules', name);
    const manifest = readManifest(dir);
    expect(manifest.version).toBe(next);
    expect(Object.keys(manifest)).not.toContain('devDependencies');
    expect(await readFile(join(dir, 'CHANGELOG.md'), 'utf8')).toContain(`## ${next}`);
  }
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const [, code] = /^## Quick start$[\s\S]*?^```js\n([\s\S]*?)^```$/m.exec(readme)!;
  await writeFile(join(project, 'quick-start.js'), `${code}\nconsole.log(backend.name, values.length);\n`);
  expect(await runToSuccess(process.execPath, ['quick-start.js'], { cwd: project })).toBe('wasm 16384\n');
  const rmsnorm = join(project, 'node_modules/.bin/rmsnorm');
  expect((await runToSuccess(rmsnorm, ['--version'])).trim()).toBe(next);
  await copyFile(join(root, 'apps/cli/data/embeddings.npy'), join(project, 'in.npy'));
  await runToSuccess(rmsnorm, ['run', 'in.npy', '-o', 'out.npy', '--dim', '512'], { cwd: project });
});

test('a canary: hangs, goes on, and leaves tree and latest alone', async () => {
  await copy.changeset('for-a-canary', 'patch');
  await copy.commit('Another change');
  await copy.tested();
  const head = await copy.git('rev-parse', 'HEAD');
  const takenBefore = proxy.taken.length;
  proxy.failWith(null, 'hangs');
  const first = await release('--canary');
  expect(first.output).toMatch(/was not published: the registry cannot be reached, or is too slow/);
  expect(first.code).toBe(1);
  const { code, output } = await release('--canary');
  expect(code, output).toBe(0);
  expect(proxy.taken.length - takenBefore).toBe(names.length);
  expect(await copy.git('rev-parse', 'HEAD')).toBe(head);
  expect(await copy.git('status', '--porcelain')).toBe('');

  const canary = `0.0.0-canary-${head}`;
  const shown = JSON.parse(
    await npm(['view', '@rmsnorm/cli@canary', 'version', 'dependencies', 'peerDependencies', 'dist-tags', '--json']),
  );
  expect(shown.version).toBe(canary);
  expect(shown['dist-tags'].latest).toBe(next);
  expect(shown.dependencies['@rmsnorm/core']).toBe(canary);
  expect(shown.peerDependencies['@rmsnorm/cuda']).toBe(canary);
});

test('a run that was killed while it wrote versions is taken back', async () => {
  const head = await copy.git('rev-parse', 'HEAD');
  await copy.consumed();
  await writeFile(join(copy.dir, 'node_modules/.cache/rmsnorm/versioning'), head);
  await runToSuccess(process.execPath, [join(root, 'node_modules/@changesets/cli/bin.js'), 'version'], {
    cwd: copy.dir,
  });
  expect(await copy.git('status', '--porcelain')).not.toBe('');
  const { output } = await release('--registry', NO_REGISTRY);
  expect(output).toMatch(/takes them back[\s\S]*cannot be reached/);
  expect(await copy.git('status', '--porcelain')).toBe('');
});
