import { execFile, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lacking } from '../../../.ci/requirements.ts';
import { BIN, hostTensor, inProcess, killedAtWrite, newFolder, writeNpy } from './rmsnorm.ts';

const found = spawnSync('mpirun', ['--version']).error === undefined;

/** Runs a shell script as four ranks. As root, and with more ranks than cores, it must be told that this is meant. */
function mpirun(folder: string, script: string): Promise<{ failed: boolean; output: string }> {
  const ranks = ['--allow-run-as-root', '--oversubscribe', '-n', '4', '--mca', 'btl', 'self,tcp'];
  writeFileSync(join(folder, 'rank.sh'), script);
  return new Promise((resolve) => {
    execFile('mpirun', [...ranks, 'bash', 'rank.sh'], { cwd: folder, timeout: 50_000 }, (error, stdout, stderr) =>
      resolve({ failed: error !== null, output: stdout + stderr }),
    );
  });
}

test('four ranks of mpirun, one of them killed and run again, give the bytes of one run', { timeout: 60_000 }, async ({
  skip,
}) => {
  if (!found) return lacking(skip, 'no mpirun found: install Open MPI (Debian: apt-get install openmpi-bin)');
  const folder = newFolder();
  writeNpy(join(folder, 'x.npy'), hostTensor([16_000, 12]));
  const run = 'run x.npy --dim 12 --backend reference --memory 64KiB --quiet';
  expect((await inProcess(folder, `${run} -o whole.npy`)).code).toBe(0);

  const rmsnorm = `"${process.execPath}" "${BIN}"`;
  const rank = `${rmsnorm} ${run} -o y.npy --shard $OMPI_COMM_WORLD_RANK/$OMPI_COMM_WORLD_SIZE`;
  // Rank 2 is killed at its fifth of twelve chunks, and lets the others end: mpirun stops all where one fails.
  const killed = await mpirun(
    folder,
    `[ "$OMPI_COMM_WORLD_RANK" = 2 ] || exec ${rank}
    NODE_OPTIONS='${killedAtWrite(folder, 5)}' ${rank}
    code=$?
    until [ "$(ls y.npy.rmsnorm-shards/*.finished | wc -l)" -eq 3 ]; do sleep 0.05; done 2> /dev/null
    exit $code`,
  );
  expect(killed).toMatchObject({ failed: true, output: expect.stringContaining('137') });
  const missing = await inProcess(folder, 'run -o y.npy --finish');
  expect(missing.stderr).toContain('of 4 shards 1 are not finished: 2; run them again, with --shard I/4');
  expect(missing.code).toBe(1);

  const again = await mpirun(folder, rank.replace(' --quiet', ''));
  expect(again.output.match(/shard \d\/4 is finished already/g)?.sort()).toEqual(
    [0, 1, 3].map((index) => `shard ${index}/4 is finished already`),
  );
  expect(again.failed).toBe(false);
  expect((await inProcess(folder, 'run -o y.npy --finish')).code).toBe(0);
  expect(readFileSync(join(folder, 'y.npy')).equals(readFileSync(join(folder, 'whole.npy')))).toBe(true);
});
