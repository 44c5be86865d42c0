// `pnpm wgsl`: prints the shaders of a call. Run by pnpm it builds first; run by node it reads what is built.
import { spawnSync } from 'node:child_process';

if (process.env.npm_lifecycle_event === 'wgsl') {
  const command = 'pnpm --silent build --filter=@rmsnorm/webgpu';
  const cwd = new URL('../../..', import.meta.url);
  const build = spawnSync(command, { shell: true, encoding: 'utf8', cwd });
  if (build.status !== 0) {
    process.stderr.write(build.stdout + build.stderr);
    process.exit(1);
  }
}

process.stdout.on('error', (error) => {
  // Whoever reads may have seen enough, such as `head`.
  if (error.code !== 'EPIPE' && error.code !== 'EOF') throw error;
});

const { wgslCommand } = await import('./wgsl-command.mjs');
const { stdout, stderr, code } = wgslCommand(process.argv.slice(2));
process.stdout.write(stdout);
process.stderr.write(stderr);
process.exitCode = code;
