// The report, for people.

const MOST_LISTED = 20;
const HOST_TARGET = 5;

/** What fails the run, in words; speed below its target does not. */
export function verdictOf({ refused, suite, sanitizers, host, speed }) {
  if (refused) return [refused];
  const problems = [];
  if (suite?.failed > 0) problems.push(`${suite.failed} cases of the suite fail`);
  if (suite?.differences.length > 0)
    problems.push(`the bits of ${suite.differences.length} cases are not the emulated device's`);
  for (const broken of suite?.broken ?? []) problems.push(broken);
  for (const [tool, { status }] of Object.entries(sanitizers?.tools ?? {}))
    if (status !== 'clean' && status !== 'unavailable') problems.push(`${tool}: ${status}`);
  if (host?.broken) problems.push(`host and graphs: ${host.broken}`);
  if (host?.graphs?.same === false) problems.push('a graph gives other bits than the calls that it holds');
  if (speed?.broken) problems.push(`speed: ${speed.broken}`);
  for (const failure of speed?.failures ?? []) problems.push(`speed: ${failure}`);
  return problems;
}

function listed(items, show) {
  const lines = items.slice(0, MOST_LISTED).map((item) => `- ${show(item)}`);
  if (items.length > MOST_LISTED) lines.push(`- and ${items.length - MOST_LISTED} more, in report.json`);
  return lines;
}

function suiteOf({ cases, passed, failed, skipped, failures, differences, outputs, hash, twin, note }) {
  return [
    '## Conformance suite',
    `${passed} passed, ${failed} failed, ${skipped} skipped, of ${cases} cases.`,
    ...listed(failures, ({ id, message }) => `${id}: ${message}`),
    '',
    '## Bits',
    `${outputs} outputs, beside those of the ${twin === 'emulated' ? 'emulated device' : twin}: ${differences.length} cases differ. sha256 of all: ${hash}`,
    ...(note ? [`Note: ${note}.`] : []),
    ...listed(differences, ({ id, difference }) => `${id}: ${difference}`),
  ];
}

function sanitizersOf({ tools }) {
  return [
    '## compute-sanitizer',
    ...Object.entries(tools).map(([tool, { status, words }]) => `- ${tool}: ${status}. ${words}`),
  ];
}

const us = (microseconds) => `${microseconds.toFixed(2)} µs`;

function hostOf({ broken, cost, graphs }, emulated) {
  if (broken) return ['## Host and graphs', broken];
  const same = graphs.same ? 'the bits of the calls' : 'OTHER BITS than the calls';
  const graph = `A graph of ${graphs.layers} norms, launched again and again: ${same}.`;
  if (emulated) return ['## Host and graphs', `${cost.calls} calls of forward with out. ${graph}`];
  const mark = cost.forward.mean > HOST_TARGET ? ', MISSED' : '';
  return [
    '## Host and graphs',
    `A forward with out costs the host ${us(cost.forward.mean)} (median ${us(cost.forward.median)}; ${cost.calls} calls; wanted at most ${HOST_TARGET}${mark}), of which ${us(cost.addon.mean)} are the launch by the addon.`,
    `${graph} A launch costs the host ${us(graphs.launchMicroseconds)}; a norm of it takes the device ${us(graphs.normMicroseconds)}.`,
  ];
}

function peersOf({ versions, missing, ended }) {
  if (!versions) return `PyTorch was not measured: ${missing}.`;
  const end = ended ? ` It ended too early: ${ended}.` : '';
  return `PyTorch ${versions.torch} (CUDA ${versions.cuda}), Triton ${versions.triton ?? 'missing'}, Python ${versions.python}; torch.compile in mode max-autotune-no-cudagraphs, as all are captured as graphs here.${end}`;
}

function rowOf({ name, medians, terabytes, fraction, target, speedups, missed, suspect, errors }) {
  const times = (peer) => (speedups[peer] ? `${speedups[peer].toFixed(2)}×` : '');
  const marks = [
    ...missed.map((text) => `MISSED: ${text}`),
    ...suspect.map((text) => `SUSPECT: ${text}`),
    ...Object.entries(errors).map(([peer, error]) => `${peer}: ${error.replaceAll('|', '/')}`),
  ];
  const figures = [(medians.ours * 1000).toFixed(2), terabytes.toFixed(2), fraction.toFixed(3), target];
  const cells = [name, ...figures, times('eager'), times('compile'), times('triton'), marks.join('; ')];
  return `| ${cells.join(' | ')} |`;
}

function speedOf({ broken, rows, left, failures, peers, machine }, emulated) {
  if (broken) return ['## Speed', broken];
  const rest = [
    ...failures,
    ...(left.length > 0 ? [`no time was left for ${left.length} rows: ${left.join('; ')}`] : []),
  ];
  if (emulated)
    return [
      '## Speed',
      `${rows.length} rows ran. On the emulated device times mean nothing, and are left out.`,
      ...rest,
    ];
  const missed = rows.filter((row) => row.missed.length > 0).length;
  const suspect = rows.filter((row) => row.suspect.length > 0).length;
  return [
    '## Speed',
    peersOf(peers),
    `Medians of ${rows[0]?.rounds ?? 0} rounds in which all take turns, by events on the stream, over sets of tensors of 240 MB and more. "of copy": of a device-to-device copy of as many bytes; eager, compile, triton: how many times as fast as these. ${missed} of ${rows.length} rows miss a target, ${suspect} are suspect. Clocks before (SM, memory, °C, W, state): ${machine.before ?? 'unknown'}; after: ${machine.after ?? 'unknown'}.`,
    '',
    '| call | µs | TB/s | of copy | wanted | eager | compile | triton | |',
    '|---|--:|--:|--:|--:|--:|--:|--:|---|',
    ...rows.map(rowOf),
    '',
    ...rest,
  ];
}

export function markdownOf(report) {
  const { date, machine, device, emulated, suite, sanitizers, host, speed, problems, seconds, steps, filter } = report;
  const lines = [
    '# gpu-check',
    problems.length === 0 ? 'PASSED' : 'FAILED',
    ...problems.map((problem) => `- ${problem}`),
    '',
    `${device ?? 'No device'}; ${machine.cpu}; ${machine.system}; Node ${machine.node}; ${machine.commit ? `commit ${machine.commit}; ` : ''}${date}; ${seconds} s; steps: ${steps.join(', ')}${filter ? `; cases: ${filter}` : ''}.`,
    ...(emulated ? ['**This is the emulated device, no GPU.**'] : []),
  ];
  const parts = [
    suite && suiteOf(suite),
    sanitizers && sanitizersOf(sanitizers),
    host && hostOf(host, emulated),
    speed && speedOf(speed, emulated),
  ];
  return `${[lines, ...parts.filter(Boolean)].map((part) => part.join('\n')).join('\n\n')}\n`;
}
