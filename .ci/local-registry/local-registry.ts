import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { npm, runToSuccess } from '../run-program.ts';
import { root } from '../workspace.ts';

/** verdaccio, on loopback and with no other registry behind it. */
export class LocalRegistry {
  readonly url: string;
  /** Of a user who may publish. */
  readonly token: string;
  readonly #dir: string;
  readonly #process: ChildProcess;

  private constructor(url: string, { token, dir, child }: { token: string; dir: string; child: ChildProcess }) {
    this.url = url;
    this.token = token;
    this.#dir = dir;
    this.#process = child;
  }

  static async start(dir: string): Promise<LocalRegistry> {
    const config = join(dir, 'verdaccio.yaml');
    await writeFile(
      config,
      `storage: ${join(dir, 'storage')}
auth: { htpasswd: { file: ${join(dir, 'htpasswd')} } }
uplinks: {}
packages: { '**': { access: $all, publish: $authenticated } }
log: { type: stdout, format: pretty, level: error }
`,
    );
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const program = join(root, 'node_modules/verdaccio/bin/verdaccio');
    const child = spawn(process.execPath, [program, '--config', config, '--listen', `127.0.0.1:${port}`], {
      stdio: 'ignore',
    });
    process.once('exit', () => child.kill());
    try {
      await answers(url, child);
      return new LocalRegistry(url, { token: await addUser(url), dir, child });
    } catch (error) {
      child.kill();
      throw error;
    }
  }

  /** Publishes tarballs as a user who is logged in does. */
  async publish(tarballs: readonly { readonly path: string }[]): Promise<void> {
    const userconfig = join(this.#dir, 'verdaccio-npmrc');
    await writeFile(userconfig, `registry=${this.url}/\n${this.url.slice('http:'.length)}/:_authToken=${this.token}\n`);
    const [command, ...args] = npm;
    const env = { NPM_CONFIG_USERCONFIG: userconfig };
    await Promise.all(
      tarballs.map(({ path }) => runToSuccess(command, [...args, 'publish', path, '--tag', 'latest'], { env })),
    );
  }

  async stop(): Promise<void> {
    if (hasEnded(this.#process)) return;
    this.#process.kill();
    await once(this.#process, 'exit');
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (hasEnded(child)) throw new Error(`verdaccio ended with ${child.exitCode ?? child.signalCode}`);
    const answer = await fetch(`${url}/-/ping`).catch(() => null);
    if (answer?.ok) return;
    await setTimeout(100);
  }
  throw new Error(`verdaccio does not answer at ${url}`);
}

/** As `npm adduser`. */
async function addUser(url: string): Promise<string> {
  const answer = await fetch(`${url}/-/user/org.couchdb.user:test`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'test', password: 'a-test-password' }),
  });
  const { token } = (await answer.json()) as { token?: string };
  if (!token) throw new Error(`verdaccio made no user: ${answer.status}`);
  return token;
}
