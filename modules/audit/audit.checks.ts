import type { DoctorCheck } from '#kernel';

const RUNBOOK = 'runbooks/playbooks/audit_chain_broken.md';
const HOUR_MS = 3_600_000;
/** It is verified every night; one missed is late, three are neglect. */
const [LATE_HOURS, NEGLECTED_HOURS] = [36, 96];

interface Row {
  readonly at: Date | null;
  readonly findings: number | null;
  readonly since: Date | null;
}

const LAST = `SELECT (SELECT min(created_at) FROM kernel_company WHERE id = $1) AS since, v.*
  FROM (SELECT 1) one LEFT JOIN LATERAL (
    SELECT created_at AS at, (payload->>'findings')::integer AS findings FROM kernel_event
    WHERE company_id = $1 AND subject_type = 'audit.chain' AND subject_id = $1
      AND action = 'audit_chain.verified' ORDER BY created_at DESC, id DESC LIMIT 1) v ON true`;

/** When the event log was compared with its seal the last time, and what came of it. */
export const chainCheck: DoctorCheck = {
  name: 'audit chain',
  runbook: RUNBOOK,
  look: async ({ rows, companies }) => {
    if (!rows) return [];
    const found = [];
    for (const company of companies) {
      const [row] = await rows<Row>(LAST, [company], company);
      found.push({ what: 'audit chain', runbook: RUNBOOK, ...judge(row, company) });
    }
    return found;
  },
};

function judge(
  row: Row | undefined,
  company: string,
): { state: 'good' | 'warning' | 'critical'; sentence: string } {
  const { at = null, findings = null, since = null } = row ?? {};
  const hours = Math.floor((Date.now() - (at ?? since ?? new Date()).getTime()) / HOUR_MS);
  const whose = `company ${company.slice(-6)}`;
  if ((findings ?? 0) > 0) {
    return { state: 'critical', sentence: `${whose}: ${findings} differences ${hours} h ago` };
  }
  const state = hours > NEGLECTED_HOURS ? 'critical' : hours > LATE_HOURS ? 'warning' : 'good';
  const words = at ? `verified ${hours} h ago` : `never verified in ${hours} h`;
  return { state, sentence: `${whose}: ${words}` };
}
