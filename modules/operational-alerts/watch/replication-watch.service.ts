import { Injectable } from '@nestjs/common';
import { Clock, Config, Database, Round } from '#kernel';
import { AlertIntakeService } from '../alert/alert-intake.service.js';
import { OperatorService } from '../alert/operator.service.js';
import { alertsConfig } from '../operational-alerts.config.js';
import { degradations } from './standbys.js';
import type { Degradation, Standby } from './standbys.js';

const TYPE = 'replication.degraded';
/** The lock under which one worker at a time says it: several see the same. */
const REST_MS = 15_000;

const STANDBYS = `SELECT name, state, lag_seconds AS "lagSeconds", lag_bytes::double precision AS "lagBytes"
  FROM operational_alerts_standbys()`;
const NAMES = `SELECT current_setting('synchronous_standby_names') AS names`;
const ONGOING = `SELECT key FROM operational_alerts_alert
  WHERE company_id = $1 AND type = $2 AND state <> 'resolved' AND details ? 'measured'`;

/** Looks at the standbys that the database has, and at those that it should have. */
@Injectable()
export class ReplicationWatchService {
  constructor(
    private readonly clock: Clock,
    private readonly config: Config,
    private readonly database: Database,
    private readonly operator: OperatorService,
    private readonly intake: AlertIntakeService,
  ) {}

  @Round({ restMs: REST_MS })
  async measure(): Promise<void> {
    await this.operator.run('operational-alerts.replication', async () => {
      const found = await this.look();
      await this.database.transaction(async () => {
        // It may be about a commit that waits for the missing one: this one must not wait for it, too.
        await this.database.rows('SET LOCAL synchronous_commit = local', []);
        for (const one of found) await this.raise(one);
        await this.clear(found);
      });
    });
  }

  private async look(): Promise<Degradation[]> {
    const { ALERT_STANDBYS: atLeast, ALERT_STANDBY_LAG_SECONDS: lagSeconds } =
      this.config.of(alertsConfig);
    const [setting] = await this.database.rowsWithoutCompany<{ names: string }>(NAMES, []);
    const standbys = await this.database.rowsWithoutCompany<Standby>(STANDBYS, []);
    return degradations(standbys, { names: setting?.names ?? '', atLeast, lagSeconds });
  }

  private async raise({ key, reason }: Degradation): Promise<void> {
    const now = this.clock.now();
    await this.intake.record(TYPE, key, {
      ...{ count: 1, firstAt: now, lastAt: now, label: `${key}: ${reason}` },
      details: { measured: true, reason },
    });
  }

  /** What was measured as bad and is not any more; what others told of ends as they say. */
  private async clear(found: readonly Degradation[]): Promise<void> {
    const ongoing = await this.database.rows<{ key: string }>(ONGOING, [
      this.database.companyId,
      TYPE,
    ]);
    for (const { key } of ongoing) {
      if (found.some((one) => one.key === key)) continue;
      await this.intake.good(TYPE, key, this.clock.now());
    }
  }
}
