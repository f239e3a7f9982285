import { renameSync, writeFileSync } from 'node:fs';
import type { Finding } from './examine.js';

/** Writes figures for the textfile collector of Prometheus' node_exporter, whole or not at all. */
export function writeTextFile(file: string, findings: readonly Finding[]): void {
  const metrics = findings.flatMap(({ metric }) => metric ?? []);
  const names = [...new Set(metrics.map(({ name }) => name))].sort();
  const lines = names.flatMap((name) => [
    `# TYPE ofitec_${name} gauge`,
    ...metrics
      .filter((each) => each.name === name)
      .map(({ label, value }) => `ofitec_${name}${label ? `{${label}}` : ''} ${value}`),
  ]);
  // Names and ages: anybody may read them, and the collector is another user.
  writeFileSync(`${file}.new`, `${lines.join('\n')}\n`, { mode: 0o644 });
  renameSync(`${file}.new`, file);
}
