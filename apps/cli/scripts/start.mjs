/*
 * `pnpm start`: builds rmsnorm in silence, then shows what it does. Plain JavaScript, as nothing is built yet.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
// Its JavaScript: node_modules/.bin holds shell scripts, which Windows cannot start.
const turbo = fileURLToPath(new URL('../../../node_modules/turbo/bin/turbo', import.meta.url));
const wheel = process.stderr.isTTY && process.env.TERM !== 'dumb' ? ['⠋', '⠙', '⠸', '⠴', '⠦', '⠇'] : null;

const spinner = say('Building rmsnorm: a minute at most, the first time');
const { code, output } = await build();
spinner.stop();
if (code !== 0) {
  // turbo looks for pnpm on the path, where pnpm puts itself.
  const hint = process.env.npm_lifecycle_event ? '' : ' Run it as pnpm start.';
  process.stderr.write(`${output}\nThe build failed: see above.${hint}\n`);
  process.exit(1);
}
await import('../dist/demo/start.js');

/** A line on stderr. On a terminal a wheel turns before it, and it goes away in the end. */
function say(text) {
  if (!wheel) {
    process.stderr.write(`${text}\n`);
    return { stop() {} };
  }
  let turn = 0;
  const draw = () => process.stderr.write(`\r${wheel[turn++ % wheel.length]} ${text} `);
  draw();
  const timer = setInterval(draw, 120);
  return {
    stop() {
      clearInterval(timer);
      process.stderr.write('\r\x1b[2K');
    },
  };
}

/** Builds the command line and the packages that it needs. What was built before is taken from turbo's cache. */
function build() {
  const args = ['run', 'build', '--filter=@rmsnorm/cli', '--output-logs=errors-only'];
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1' };
  const child = spawn(process.execPath, [turbo, ...args], { cwd: root, env });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: 1, output: error.message }));
    child.on('close', (exitCode) => resolve({ code: exitCode, output }));
  });
}
