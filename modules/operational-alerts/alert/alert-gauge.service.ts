import { Injectable } from '@nestjs/common';
import { Database, Measures, SEVERITIES } from '#kernel';
import type { GaugeDefinition, Reading } from '#kernel';
import { ALERT_STATES } from './alert.entity.js';

export const UnresolvedAlerts: GaugeDefinition = {
  name: 'ofitec_operational_alerts_unresolved',
  summary: 'Alerts that are not resolved, of all companies and of the installation',
  labels: ['severity', 'state'],
  per: 'company',
};

const UNRESOLVED = `SELECT severity, state, count(*)::integer AS value
  FROM operational_alerts_alert WHERE company_id = $1 AND state <> 'resolved'
  GROUP BY severity, state`;

/** How many alerts go on, for whoever watches the house from outside. */
@Injectable()
export class AlertGaugeService {
  constructor(private readonly database: Database) {}

  @Measures(UnresolvedAlerts)
  async unresolved(): Promise<Reading[]> {
    const rows = await this.database.rows<{ severity: string; state: string; value: number }>(
      UNRESOLVED,
      [this.database.companyId],
    );
    const states = ALERT_STATES.filter((state) => state !== 'resolved');
    return SEVERITIES.flatMap((severity) =>
      states.map((state) => ({
        labels: { severity, state },
        value: rows.find((row) => row.severity === severity && row.state === state)?.value ?? 0,
      })),
    );
  }
}
