import { Module } from '@nestjs/common';
import { AlertController } from './alert/alert.controller.js';
import { AlertGaugeService } from './alert/alert-gauge.service.js';
import { AlertIntakeService } from './alert/alert-intake.service.js';
import { AlertService } from './alert/alert.service.js';
import { OperatorService } from './alert/operator.service.js';
import { RoundService } from './alert/round.service.js';
import { BackupHeartbeatService } from './heartbeat/backup-heartbeat.service.js';
import { HeartbeatController } from './heartbeat/heartbeat.controller.js';
import { HeartbeatService } from './heartbeat/heartbeat.service.js';
import { HeartbeatWatchService } from './heartbeat/heartbeat-watch.service.js';
import { DispatchService } from './notification/dispatch.service.js';
import { NoticeService } from './notification/notice.service.js';
import { NotificationService } from './notification/notification.service.js';
import { SenderService } from './notification/sender.service.js';
import { SubscriptionController } from './notification/subscription.controller.js';
import { SubscriptionService } from './notification/subscription.service.js';
import { CertificateWatchService } from './watch/certificate-watch.service.js';
import { ReplicationWatchService } from './watch/replication-watch.service.js';
import { SourceController } from './source/source.controller.js';
import { SourceService } from './source/source.service.js';
import { DatabaseWatchService } from './spool/database-watch.service.js';
import { DirectNoticeService } from './spool/direct-notice.service.js';
import { DiskWatchService } from './spool/disk-watch.service.js';
import { ServerErrorService } from './spool/server-error.service.js';
import { SpoolService } from './spool/spool.service.js';

@Module({
  controllers: [AlertController, HeartbeatController, SourceController, SubscriptionController],
  providers: [
    AlertGaugeService,
    AlertIntakeService,
    AlertService,
    BackupHeartbeatService,
    CertificateWatchService,
    DatabaseWatchService,
    DirectNoticeService,
    DiskWatchService,
    DispatchService,
    HeartbeatService,
    HeartbeatWatchService,
    NoticeService,
    NotificationService,
    OperatorService,
    ReplicationWatchService,
    RoundService,
    SenderService,
    ServerErrorService,
    SourceService,
    SpoolService,
    SubscriptionService,
  ],
})
export class OperationalAlertsModule {}
