import { statfs } from 'node:fs/promises';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { Injectable } from '@nestjs/common';
import { Clock, Config, kernelConfig, Round } from '#kernel';
import { AlertIntakeService } from '../alert/alert-intake.service.js';
import { OperatorService } from '../alert/operator.service.js';
import { alertsConfig } from '../operational-alerts.config.js';

const TYPE = 'disk.low';

/** Measures the disks of the machine that a worker runs on. */
@Injectable()
export class DiskWatchService {
  constructor(
    private readonly clock: Clock,
    private readonly config: Config,
    private readonly operator: OperatorService,
    private readonly intake: AlertIntakeService,
  ) {}

  @Round({ restMs: 60_000 })
  async measure(): Promise<void> {
    const { ALERT_DISK_PATHS: paths, ALERT_DISK_LEAST_PERCENT: least } =
      this.config.of(alertsConfig);
    const { OFITEC_HOME = '.' } = this.config.of(kernelConfig);
    const wanted = paths.length > 0 ? paths : [resolve(OFITEC_HOME)];
    for (const path of wanted) {
      const percent = await freePercent(path);
      if (percent !== null) await this.tell(path, percent, least);
    }
  }

  private async tell(path: string, percent: number, least: number): Promise<void> {
    const key = `${hostname()}:${path}`;
    const now = this.clock.now();
    await this.operator.run('operational-alerts.disk', async () => {
      if (percent >= least) return this.intake.good(TYPE, key, now);
      await this.intake.record(TYPE, key, {
        ...{ count: 1, firstAt: now, lastAt: now },
        label: `${key} has ${percent} % left`,
        details: { path, percent, least },
      });
      return undefined;
    });
  }
}

/** Whole percents that an ordinary user may still write; null where there is no such path. */
async function freePercent(path: string): Promise<number | null> {
  try {
    const { bavail, blocks } = await statfs(path);
    return blocks === 0 ? null : Math.floor((bavail / blocks) * 100);
  } catch {
    return null;
  }
}
