import { type Ended, run } from '../run-program.ts';
import { Refusal } from './refusal.ts';

/** A version in a registry: not there, released from this commit, or from another. */
export type Found = { state: 'missing' } | { state: 'ours' } | { state: 'other'; commit: string | undefined };

/** npm's settings, for a registry that is slow or fails now and then; whoever sets others gets those. */
const PATIENCE = {
  npm_config_fetch_timeout: '60000',
  npm_config_fetch_retries: '2',
  npm_config_fetch_retry_mintimeout: '1000',
  npm_config_fetch_retry_maxtimeout: '10000',
};

/** What pnpm sets for scripts would be taken for settings; npm_config_ is what whoever called us set. */
function npmEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(npm_(?!config_)|pnpm_)/i.test(name));
  const lower = new Set(kept.map(([name]) => name.toLowerCase()));
  const patience = Object.entries(PATIENCE).filter(([name]) => !lower.has(name));
  return Object.fromEntries([...kept, ...patience]);
}

/** Codes of npm's for a registry that does not answer. */
const UNREACHABLE =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|TIMEOUT|ERR_SOCKET|FETCH_ERROR/;
const NOT_LOGGED_IN = /^(ENEEDAUTH|E401|E403|EOTP)$/;

function codeOf({ output }: Ended): string {
  return /npm (?:error|ERR!) code (\S+)/.exec(output)?.[1] ?? /"code": "(\w+)"/.exec(output)?.[1] ?? 'no code';
}

/** npm's error in a sentence, with its own words after it. */
function explain(ended: Ended): string {
  const code = codeOf(ended);
  const words = ended.output
    .split('\n')
    .filter((line) => !/^npm (notice|error A complete log)/.test(line))
    .slice(-12)
    .join('\n');
  if (UNREACHABLE.test(code)) return `the registry cannot be reached, or is too slow (${code})`;
  if (/^E5\d\d$/.test(code)) return `the registry answers ${code.slice(1)}`;
  if (NOT_LOGGED_IN.test(code)) return `the registry does not let us publish (${code}): npm login\n${words}`;
  return `npm says ${code}:\n${words}`;
}

/** npm's own settings say which, where no URL is given. */
export class Registry {
  readonly #settings: string[];

  constructor(url: string | undefined) {
    this.#settings = url === undefined ? [] : ['--registry', url];
  }

  #npm(...args: string[]): Promise<Ended> {
    return run('npm', [...args, ...this.#settings], { env: npmEnvironment() });
  }

  /** Refuses where nobody is logged in. Trusted publishing has no user: the workflow is. */
  async requireUser(): Promise<void> {
    if (process.env.ACTIONS_ID_TOKEN_REQUEST_URL) return;
    const asked = await this.#npm('whoami');
    if (asked.code !== 0) throw new Refusal(`nothing was published: ${explain(asked)}`);
  }

  async find(name: string, version: string, commit: string): Promise<Found> {
    const asked = await this.#npm('view', `${name}@${version}`, 'version', 'gitHead', '--json');
    if (asked.code !== 0) {
      if (codeOf(asked) === 'E404') return { state: 'missing' };
      throw new Refusal(`${name}@${version} could not be looked up: ${explain(asked)}`);
    }
    if (asked.stdout.trim() === '') return { state: 'missing' };
    const answer = JSON.parse(asked.stdout) as { version?: string; gitHead?: string } | string;
    const gitHead = typeof answer === 'string' ? undefined : answer.gitHead;
    return gitHead === commit ? { state: 'ours' } : { state: 'other', commit: gitHead };
  }

  /** Null: published. Else why not. */
  async publish(tarball: string, tag: string): Promise<string | null> {
    const ended = await this.#npm('publish', tarball, '--access', 'public', '--tag', tag);
    return ended.code === 0 ? null : explain(ended);
  }
}
