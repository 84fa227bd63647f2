// Counts what vitest's JSON report says.

/**
 * @typedef {{ status: string, assertionResults: { status: string }[] }} FileResult
 * @typedef {{ passed: number, failed: number, skipped: number }} Counts
 * @param {{ testResults: FileResult[] } | undefined} report
 * @returns {Counts} a file that failed without a failed test (it could not be loaded, or a hook threw) counts as one failure
 */
export function countResults(report) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const file of report?.testResults ?? []) {
    let failedHere = 0;
    for (const { status } of file.assertionResults) {
      if (status === 'passed') counts.passed++;
      else if (status === 'failed') failedHere++;
      else counts.skipped++;
    }
    if (file.status === 'failed' && failedHere === 0) failedHere = 1;
    counts.failed += failedHere;
  }
  return counts;
}
