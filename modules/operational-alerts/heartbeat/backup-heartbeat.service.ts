import { Injectable } from '@nestjs/common';
import { currentActor, OnEvent } from '#kernel';
import type { StoredEvent } from '#kernel';
import { AlertIntakeService } from '../alert/alert-intake.service.js';
import { OperatorService } from '../alert/operator.service.js';
import { HeartbeatChanged, HeartbeatMissed, HeartbeatRecovered } from './heartbeat.events.js';
import type { HeartbeatFacts } from './heartbeat.events.js';

/** Heartbeats of backups: `backup`, `backup-restore`, or whatever begins so. */
const OF_BACKUPS = /^backup(?:[.-]|$)/;

/**
 * A backup that nobody takes says nothing: where its heartbeat is silent, `backup.missing` arises by
 * itself. It is the operator's to see, as what the backup program raises is.
 */
@Injectable()
export class BackupHeartbeatService {
  constructor(
    private readonly intake: AlertIntakeService,
    private readonly operator: OperatorService,
  ) {}

  @OnEvent(HeartbeatMissed)
  async miss({ payload, occurredAt }: StoredEvent<HeartbeatFacts>): Promise<void> {
    if (!(await this.concerns(payload))) return;
    const { name, severity, lastSeenAt } = payload;
    const label = lastSeenAt === null ? `${name} never ran` : `${name} last ran ${lastSeenAt}`;
    const occurrence = { count: 1, firstAt: occurredAt, lastAt: occurredAt, label, severity };
    await this.intake.record('backup.missing', keyOf(payload), occurrence);
  }

  @OnEvent(HeartbeatRecovered)
  async recover({ payload, occurredAt }: StoredEvent<HeartbeatFacts>): Promise<void> {
    if (!(await this.concerns(payload))) return;
    await this.intake.good('backup.missing', keyOf(payload), occurredAt);
  }

  /** Who puts it to rest knows of it. */
  @OnEvent(HeartbeatChanged)
  async rest({ payload, occurredAt }: StoredEvent<HeartbeatFacts>): Promise<void> {
    if (payload.state !== 'paused' || !(await this.concerns(payload))) return;
    await this.intake.good('backup.missing', keyOf(payload), occurredAt);
  }

  private async concerns({ name }: HeartbeatFacts): Promise<boolean> {
    return OF_BACKUPS.test(name) && currentActor().companyId === (await this.operator.companyId());
  }
}

function keyOf({ name }: HeartbeatFacts): string {
  return `heartbeat:${name}`;
}
