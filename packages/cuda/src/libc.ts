/** What of a report is used here; the types of Node 20 have no `excludeNetwork`. */
interface Report {
  excludeNetwork?: boolean;
  getReport(): object;
}

/** The version of glibc in this process, or null where the C library is another one, such as musl. */
export function glibcVersion(): string | null {
  const report = process.report as Report;
  const before = report.excludeNetwork ?? false;
  // Else a report asks the network for the names of all addresses.
  report.excludeNetwork = true;
  try {
    const { header } = report.getReport() as { header?: { glibcVersionRuntime?: string } };
    return header?.glibcVersionRuntime ?? null;
  } finally {
    report.excludeNetwork = before;
  }
}

/** Whether a version such as '2.36' is at least another. */
export function isAtLeast(version: string, least: string): boolean {
  const [have, want] = [version, least].map((text) => text.split('.').map(Number));
  const at = want!.findIndex((part, i) => part !== (have![i] ?? 0));
  return at < 0 || (have![at] ?? 0) > want![at]!;
}
