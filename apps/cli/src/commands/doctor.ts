import { arch, cpus, platform, release, totalmem } from 'node:os';
import { type ListedProbe, probeAll } from '../backends.ts';
import type { Output } from '../terminal/output.ts';
import { showBytes } from '../terminal/quantities.ts';
import { table } from '../terminal/table.ts';

/** What `rmsnorm doctor --json` prints. */
export interface DoctorReport {
  readonly node: string;
  readonly platform: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memory: number;
  /** What `--backend auto` takes here; null where nothing works. */
  readonly auto: string | null;
  readonly backends: readonly ListedProbe[];
}

export async function doctor(): Promise<DoctorReport> {
  const backends = await probeAll();
  const cores = cpus();
  return {
    node: process.version,
    platform: `${platform()}-${arch()} ${release()}`,
    cpu: cores[0]?.model.trim() || 'unknown',
    cores: cores.length,
    memory: totalmem(),
    auto: backends.find(({ auto, ok }) => auto && ok)?.name ?? null,
    backends,
  };
}

export function doctorLines(report: DoctorReport, { paint }: Output): string[] {
  const { node, platform: system, cpu, cores, memory, auto, backends } = report;
  const rows = backends.map((probe) => {
    if (probe.ok) return [probe.name, 'ok', `${probe.device}${passedOver(probe)}`];
    return [probe.name, probe.code, probe.hint ? `${probe.reason}: ${probe.hint}` : probe.reason];
  });
  const lines = table(rows).map((line, i) => {
    const status = rows[i]![1]!;
    return `  ${line.replace(status, () => paint(status === 'ok' ? 'green' : 'yellow', status))}`;
  });
  return [
    `node ${node.slice(1)} on ${system}; ${cores} x ${cpu}, ${showBytes(memory)} of memory`,
    '',
    ...lines,
    '',
    auto ? `--backend auto takes ${paint('bold', auto)}` : '--backend auto finds none: see above',
  ];
}

/** Why auto does not take what works. */
function passedOver({ name, auto }: ListedProbe): string {
  if (auto) return '';
  if (name === 'webgpu') return ', in software, so that auto passes it over';
  return name === 'cuda' ? ', on the processor, so that auto passes it over' : '';
}
