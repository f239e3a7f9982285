import { Spool } from '../spool/spool.js';
import { spoolFolder } from '../spool/spool.service.js';
import type { DoctorCheck, DoctorDesk, DoctorFinding } from '#kernel';

const MISSED = 'runbooks/playbooks/heartbeat_missed.md';
const BACKUP = 'runbooks/playbooks/backup_missing.md';

interface Open {
  readonly type: string;
  readonly severity: 'info' | 'warning' | 'critical';
  readonly label: string;
}

interface Beat {
  readonly name: string;
  readonly late: boolean;
}

/** Alerts that nobody has ended, those that wait on this machine, and who should have reported and has not. */
export const alertChecks: readonly DoctorCheck[] = [
  {
    name: 'alerts',
    runbook: 'runbooks/guardia.md',
    look: async (desk) => {
      const waiting = new Spool(spoolFolder(desk.config)).list().filter(({ entry }) => !entry.good);
      const spooled = waiting.map(({ entry }) => ({
        ...{ type: entry.type, label: `${entry.label} (waits on this machine)` },
        severity: entry.severity ?? ('critical' as const),
      }));
      const open = await perCompany<Open>(
        desk,
        `SELECT type, severity, label FROM operational_alerts_alert
         WHERE state IN ('open', 'acknowledged') ORDER BY last_seen_at DESC LIMIT 100`,
      );
      return [...spooled, ...open].map((alert) => findingOf(alert, desk));
    },
  },
  {
    name: 'heartbeats',
    runbook: MISSED,
    look: async (desk) => {
      const beats = await perCompany<Beat>(
        desk,
        'SELECT name, due_at < clock_timestamp() AS late FROM operational_alerts_heartbeat ORDER BY name LIMIT 500',
      );
      const isBackup = ({ name }: Beat): boolean => /backup|respaldo/i.test(name);
      const found: DoctorFinding[] = beats.map((beat) => ({
        ...{ what: `heartbeat ${beat.name}`, state: beat.late ? 'critical' : 'good' },
        sentence: beat.late ? 'has not reported in its time' : 'reported in its time',
        runbook: isBackup(beat) ? BACKUP : MISSED,
      }));
      if (desk.rows && !beats.some(isBackup)) {
        const sentence =
          'no heartbeat is named after a backup: nobody would notice that none is made';
        found.push({ what: 'backups', state: 'warning', sentence, runbook: BACKUP });
      }
      return found;
    },
  },
];

async function perCompany<R extends object>(
  { rows, companies }: DoctorDesk,
  sql: string,
): Promise<R[]> {
  if (!rows) return [];
  const found: R[] = [];
  for (const company of companies) found.push(...(await rows<R>(sql, [], company)));
  return found;
}

function findingOf({ type, severity, label }: Open, { addons }: DoctorDesk): DoctorFinding {
  const known = addons.flatMap(({ alerts }) => alerts).find((each) => each.type === type);
  return {
    what: `alert ${type}`,
    state: severity === 'info' ? 'warning' : severity,
    sentence: label,
    runbook: known?.runbook ?? 'runbooks/guardia.md',
  };
}
